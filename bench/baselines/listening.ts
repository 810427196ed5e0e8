import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/* What the baselines that answer HTTP share: their answers, as long as the API's, and how they begin to listen. */
export const ACCEPTED_ANSWER = '{"status":"PENDING"}'
export const STATUS_ANSWER = JSON.stringify({
  status: 'ENABLED',
  policyId: 'C1000000',
  customer_number: 'C1000000',
  cover_class_of_use: 'Carriage of Goods for Hire & Reward',
  cover_level: 'Third Party (TPO)',
  vehicle_registration: 'VY7 JC3',
})

/** Listens on a port of its own, and says which. */
export function listen(server: Server): void {
  // A connection that waits for its turn is not closed meanwhile.
  server.keepAliveTimeout = 75_000
  server.listen(0, '127.0.0.1', () =>
    console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  )
}
