import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import { Visitor } from '../support/visitor.ts'
import { linkTo } from './links.ts'

const ALLOWED = 3

onEachEngine('links opened from one network', (engine) => {
  let site: TestSite
  before(async () => {
    site = await openSite(engine, { linksFromNetwork: ALLOWED })
  })
  after(() => site.close())

  const open = async (address: string): Promise<string> =>
    (await new Visitor(site, { address }).get(linkTo({ id: 'x-1' }))).location!

  it('are kept up to so many in an hour; one more leaves nothing and is told plainly, and others are not hindered', async () => {
    const network = '198.51.100.7'
    // Together: they share no moment at which too many get through.
    const locations = await Promise.all(Array.from({ length: 2 * ALLOWED }, () => open(network)))
    assert.equal(locations.filter((one) => one.startsWith('/signup?link=')).length, ALLOWED)
    assert.equal(locations.filter((one) => one === '/link-problem/too-many').length, ALLOWED)
    assert.match(await open('198.51.100.8'), /^\/signup\?link=/)
    const { rows } = await sql<{ kept: number }>`select count(*)::int as kept from link_intent`.execute(site.context.db)
    assert.equal(rows[0]!.kept, ALLOWED + 1)
    const page = await new Visitor(site).get('/link-problem/too-many')
    assert.match(page.text, /Very many links were opened from your network/)
  })
})
