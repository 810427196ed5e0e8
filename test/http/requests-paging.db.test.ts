import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { type Api, openApi, type RawAnswer } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'
import { assertRefused, idOf, type RequestState } from './answers.ts'

onEachEngine('GET /v1/requests/<id>: 1,000 items a page', (engine) => {
  let api: Api
  before(async () => {
    api = await openApi(engine)
  })
  after(() => api.close())

  function postItems(count: number): Promise<RawAnswer> {
    const items = Array.from({ length: count }, (_, index) => ({
      workProviderUserId: `user ${index}`,
      timestamp: `2025-07-06T10:00:00.${String(index).padStart(6, '0')}Z`,
    }))
    return api.request('POST', '/v1/batch/login', { body: JSON.stringify(items) })
  }

  /** Follows `next` as it is given until there is none. */
  async function readPages(accepted: RawAnswer): Promise<RequestState[]> {
    const pages: RequestState[] = []
    let target: string | null = accepted.headers.get('location')!
    while (target !== null) {
      const answer = await api.request('GET', target)
      assert.equal(answer.status, 200, answer.body)
      const page = JSON.parse(answer.body) as RequestState
      pages.push(page)
      assert.ok(pages.length <= 20, 'the pages do not end')
      target = page.next
    }
    return pages
  }

  for (const isDerived of [false, true]) {
    for (const [count, sizes] of [
      [999, [999]],
      [1_000, [1_000]],
      [1_001, [1_000, 1]],
      [2_345, [1_000, 1_000, 345]],
    ] as const) {
      it(`${count} items ${isDerived ? 'derived' : 'not derived yet'}: pages of ${sizes.join(', ')}`, async () => {
        const accepted = await postItems(count)
        if (isDerived) await api.settle()
        const pages = await readPages(accepted)
        assert.deepEqual(
          pages.map((page) => page.items.length),
          sizes,
        )
        const items = pages.flatMap((page) => page.items)
        assert.deepEqual(
          items.map((item) => [item.index, Temporal.Instant.from(item.at).toString({ fractionalSecondDigits: 6 })]),
          Array.from({ length: count }, (_, i) => [i, `2025-07-06T10:00:00.${String(i).padStart(6, '0')}Z`]),
        )
        assert.deepEqual([...new Set(pages.map((page) => page.id))], [idOf(accepted)])
        assert.deepEqual([...new Set(pages.map((page) => page.receivedAt))], [pages[0]!.receivedAt])
        assert.deepEqual([...new Set(items.map((item) => item.outcome))], [isDerived ? 'parked' : 'pending'])
      })
    }
  }

  it("a page that is asked for in a way no `next` has: never 5xx, and in the contract's form", async () => {
    const id = idOf(await postItems(2))
    for (const query of [
      'from=x',
      'from=-1',
      'from=',
      'from=1&from=2',
      'from=%zz',
      'from=1e3',
      `from=${'9'.repeat(400)}`,
    ]) {
      assertRefused(await api.request('GET', `/v1/requests/${id}?${query}`), 400, 'INVALID_DATA')
    }
  })
})
