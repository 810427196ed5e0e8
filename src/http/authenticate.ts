import type { IncomingMessage } from 'node:http'
import type { Caller, KeyRing } from '../app/api-keys.ts'
import { Refusal } from '../domain/errors.ts'

/** White space as HTTP knows it; JavaScript's `trim` would take more. */
const HTTP_SPACE_AROUND = /^[ \t]+|[ \t]+$/g

/** What a request carries as its key. Node would join or drop a second header: the raw ones are looked at. */
export function readKey({ rawHeaders }: IncomingMessage): string {
  let value = ''
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!isAuthorization(rawHeaders[index]!)) continue
    if (count++ === 0) value = rawHeaders[index + 1]!.replace(HTTP_SPACE_AROUND, '')
  }
  if (count > 1) throw new Refusal('INVALID_KEY', 'there is more than one Authorization header')
  if (value === '') throw new Refusal('MISSING_AUTH', 'there is no Authorization header, or it is empty')
  return value
}

/** Whose key it is. The header holds the bare key; clients that send `Bearer` before it are served too. */
export async function authenticate(keyRing: KeyRing, value: string): Promise<Caller> {
  const caller = (await keyRing.find(value)) ?? (await findBearer(keyRing, value))
  if (caller === null) throw new Refusal('INVALID_KEY', 'the key is not a live one')
  return caller
}

async function findBearer(keyRing: KeyRing, value: string): Promise<Caller | null> {
  const bearer = /^bearer +/i.exec(value)
  return bearer === null ? null : keyRing.find(value.slice(bearer[0].length))
}

function isAuthorization(name: string): boolean {
  return name.length === 13 && name.toLowerCase() === 'authorization'
}
