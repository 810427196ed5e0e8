import { hash, randomUUIDv7 } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { IdentityName } from '../../src/domain/identity.ts'
import { readKey } from '../../src/http/authenticate.ts'
import { parseStatusQuery } from '../../src/http/parse.ts'
import { CLOSED_HEADERS } from '../../src/http/replies.ts'
import { booleanArray, textArray } from '../../src/storage/binary-arrays.ts'
import { workProvidersByKey } from './accepting.ts'
import { connectAsProgram } from './connection.ts'
import { listen } from './listening.ts'

/*
 * The limit of a server that answers a status by what is stored when it is asked: the key, the identity, and the three
 * lookups that decide (the link or the binding of one, whether its last consent is given, the policy that is valid now), by
 * one statement for all who wait, of which only what is answered comes back; and the answer as the contract has it.
 * Written straight down, without a path, a refusal, a limit or a figure for those who watch; nothing of what the rules weigh
 * besides: a consent that is not signed, what a work provider requires, several policies, a policy that was cancelled.
 */
const LOOKUPS_AT_ONCE = 200

const client = await connectAsProgram()
const workProviders = await workProvidersByKey(client)

type Asking = { readonly response: ServerResponse; readonly workProviderId: string; readonly identity: IdentityName }
type Found = {
  index: number
  customerNumber: string
  classOfUse: string
  coverLevel: string
  vehicleRegistration: string
}

const SELECT = {
  name: 'select',
  text: `select asked.place::int - 1 as index, l.customer_number as "customerNumber", p.class_of_use as "classOfUse",
      p.cover_level as "coverLevel", p.vehicle_registration as "vehicleRegistration"
    from unnest($1::boolean[], $2::text[]) with ordinality as asked (is_number, identity, place)
    cross join lateral (
      select link.id, link.customer_number from link
      where asked.is_number and link.work_provider_id = $3::uuid and link.customer_number = asked.identity
      union all
      select link.id, link.customer_number from binding b join link on link.id = b.link_id
      where not asked.is_number and b.work_provider_id = $3::uuid and b.identity_kind = 'user_id'
        and b.identity = asked.identity
    ) l
    join lateral (select given from consent where link_id = l.id order by seq desc limit 1) c on c.given
    join policy p on p.customer_number = l.customer_number
      and p.valid_from <= statement_timestamp() and (p.valid_to is null or p.valid_to > statement_timestamp())`,
}

let waiting: Asking[] = []
let isLooking = false

async function look(): Promise<void> {
  isLooking = true
  while (waiting.length > 0) {
    const asking = waiting.splice(0, LOOKUPS_AT_ONCE)
    const { rows } = await client.query<Found>({
      ...SELECT,
      values: [
        booleanArray(asking.map(({ identity }) => identity.kind === 'customer_number')),
        textArray(asking.map(({ identity }) => identity.text)),
        asking[0]!.workProviderId,
      ],
    })
    for (const { index, customerNumber, classOfUse, coverLevel, vehicleRegistration } of rows) {
      const body = JSON.stringify({
        status: 'ENABLED',
        policyId: customerNumber,
        customer_number: customerNumber,
        cover_class_of_use: classOfUse,
        cover_level: coverLevel,
        vehicle_registration: vehicleRegistration,
      })
      const length = String(Buffer.byteLength(body))
      const headers = ['Request-Id', randomUUIDv7(), ...CLOSED_HEADERS, 'Content-Type', 'application/json']
      asking[index]!.response.writeHead(200, [...headers, 'Content-Length', length]).end(body)
    }
  }
  isLooking = false
}

const server = createServer((request, response) => {
  const workProviderId = workProviders.get(hash('sha256', readKey(request), 'hex'))!
  const url = request.url!
  const identity = parseStatusQuery(url.slice(url.indexOf('?') + 1), { deprecated: [] })!
  waiting.push({ response, workProviderId, identity })
  if (!isLooking) void look()
})
listen(server)
