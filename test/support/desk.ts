import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import { inviteStaff, inviteToWorkProvider } from '../../src/app/desk-people.ts'
import type { StaffRole } from '../../src/domain/desk.ts'
import type { TestSite } from './site.ts'
import { type Answer, PASSWORD, Visitor, type VisitorOptions } from './visitor.ts'

/* People of the desk, who come in as everybody does: by an invitation, a password and an authenticator app. */

/** A site of this process, or of another whose store is open here too. */
type DeskSite = Pick<TestSite, 'url' | 'context'>

const STEP_SECONDS = 30

/** An authenticator app (RFC 6238), written from the RFC. `secret`: base32, as the page shows it. */
export function codeOf(secret: string, atMs: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 1000 / STEP_SECONDS)))
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = mac[19]! & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

function fromBase32(text: string): Buffer {
  const bits = [...text.replaceAll(/[\s=]/g, '').toUpperCase()]
    .map((character) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(character).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

export type DeskVisitor = {
  readonly visitor: Visitor
  readonly email: string
  /** A code that works now. That it was used before is forgotten, as it is after two minutes. */
  code(): Promise<string>
  readonly backupCodes: readonly string[]
}

/** Logged in, with a second factor. */
export async function joinStaff(
  site: DeskSite,
  role: StaffRole,
  { email = `${role}@insurer.example`, ...options }: VisitorOptions & { email?: string } = {},
): Promise<DeskVisitor> {
  const { url } = await inviteStaff(site.context, { email, role })
  return join(site, email, url, new Visitor(site, options))
}

export async function joinWorkProvider(
  site: DeskSite,
  workProvider = 'Courier Ltd',
  { email = 'integrator@courier.example', ...options }: VisitorOptions & { email?: string } = {},
): Promise<DeskVisitor> {
  const { url } = await inviteToWorkProvider(site.context, { email, workProvider })
  return join(site, email, url, new Visitor(site, options))
}

async function join(site: DeskSite, email: string, url: string, visitor: Visitor): Promise<DeskVisitor> {
  await expectRedirect(visitor.post(url, { name: 'Sam Staff', password: PASSWORD }), '/desk/second-factor')
  const { secret, backupCodes } = await setUpApp(visitor)
  const code = async (): Promise<string> => {
    await forgetCodes(site)
    return codeOf(secret, Date.now())
  }
  await expectRedirect(visitor.post('/desk/second-factor/code', { code: await code() }), '/desk')
  return { visitor, email, code, backupCodes }
}

/** Types the password on the page of the second factor; what the page shows then. */
export async function setUpApp(visitor: Visitor): Promise<{ secret: string; backupCodes: string[] }> {
  const shown = await visitor.post('/desk/second-factor', { password: PASSWORD })
  const secret = /class="secret">([^<]+)</.exec(shown.text)?.[1]
  if (secret === undefined) throw new Error(`no key on the page: ${shown.status} ${shown.text}`)
  const codes = /<ul class="codes">([\s\S]*?)<\/ul>/.exec(shown.text)?.[1] ?? ''
  return { secret, backupCodes: [...codes.matchAll(/<code>([^<]+)</g)].map((found) => found[1]!) }
}

export async function forgetCodes(site: DeskSite): Promise<void> {
  await sql`delete from attempt where scope = 'code'`.execute(site.context.db)
}

async function expectRedirect(answered: Promise<Answer>, to: string): Promise<void> {
  const { status, location, text } = await answered
  if (location !== to) throw new Error(`${status} ${location} instead of ${to}: ${text}`)
}
