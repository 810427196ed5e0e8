import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gather } from '../../src/app/gather.ts'

describe('gathering lookups', () => {
  test('a lone question is asked at once, those that come meanwhile together, each gets its own answer', async () => {
    const asked: number[][] = []
    const double = gather<number, number>(10, async (questions) => {
      asked.push([...questions])
      return questions.map((question) => question * 2)
    })
    assert.deepEqual(await Promise.all([1, 2, 3, 4].map(double)), [2, 4, 6, 8])
    assert.deepEqual(asked, [[1], [2, 3, 4]])
  })

  test('no more than the limit at once', async () => {
    const sizes: number[] = []
    const echo = gather<number, number>(3, async (questions) => {
      sizes.push(questions.length)
      return questions
    })
    await Promise.all(Array.from({ length: 8 }, (_, index) => echo(index)))
    assert.deepEqual(sizes, [1, 3, 3, 1])
  })

  test('who waits behind a lookup that fails fails with it, and waits for no other', async () => {
    const first = Promise.withResolvers<void>()
    let asked = 0
    const hangs = gather<number, number>(2, async (questions) => {
      asked++
      if (asked === 1) await first.promise
      return questions
    })
    const all = Promise.allSettled(Array.from({ length: 8 }, (_, index) => hangs(index)))
    first.reject(new Error('too slow'))
    assert.ok((await all).every((one) => one.status === 'rejected' && /too slow/.test(String(one.reason))))
    assert.equal(asked, 1)
    assert.equal(await hangs(9), 9)
  })

  test('a failure is told to those who asked, and not to later ones', async () => {
    let fails = true
    const once = gather<number, number>(10, async (questions) => {
      if (fails) throw new Error('no')
      return questions
    })
    await assert.rejects(once(1), /no/)
    fails = false
    assert.equal(await once(2), 2)
  })
})
