import type { DeskClient } from '../../app/desk-login.ts'
import type { Visit } from '../kit/visit.ts'

export function deskOf({ context, deskAccounts, client, network }: Visit): DeskClient {
  return { context, accounts: deskAccounts, client, network }
}
