import { ServerResponse } from 'node:http'
import pg from 'pg'

/*
 * Loaded before the program by `node --import`, which only a test does: at a chosen point the process gets a signal, as
 * if it came from outside at that very moment. Nothing in the program knows of it.
 *
 * FAULT_POINT: `before append` or `after append` (of accepted reports), `before reply` (the first byte of a 202), `in
 * transaction` (after its first statement), `turn n` (after the n-th statement of a projector's turn that took reports,
 * its `begin` being the first; on Citus, of one of the transactions of a turn), or `turn over` (after its commit). FAULT_SIGNAL: which signal. FAULT_SKIP: how many times
 * the point passes first.
 */

const { FAULT_POINT: point = '', FAULT_SIGNAL: signal = 'SIGKILL', FAULT_SKIP: skip = '0' } = process.env
const turnStatement = Number(/^turn (\d+)$/.exec(point)?.[1])
let left = Number(skip)

function reach(): void {
  if (left-- === 0) process.kill(process.pid, signal as NodeJS.Signals)
}

type Query = (this: object, ...given: unknown[]) => unknown
type Result = { rows: Record<string, unknown>[] }
/** Of a connection: the statements of its transaction so far, and whether it is a turn that took reports. */
type Transaction = { statements: number; isTurn: boolean }

const transactions = new WeakMap<object, Transaction>()
const query = pg.Client.prototype.query as unknown as Query

pg.Client.prototype.query = function (this: object, ...given: unknown[]): unknown {
  const text = textOf(given[0])
  const isAppend = text.includes('insert into inbox')
  if (isAppend && point === 'before append') reach()
  const answer = query.apply(this, given)
  if (!(answer instanceof Promise)) return answer
  return answer.then((result: Result) => {
    if (isAppend && point === 'after append') reach()
    noteStatement(this, text, result)
    return result
  })
} as unknown as typeof pg.Client.prototype.query

function textOf(given: unknown): string {
  return typeof given === 'string' ? given : String((given as { text?: unknown } | undefined)?.text ?? '')
}

function noteStatement(client: object, text: string, { rows }: Result): void {
  if (/^(?:begin|start transaction)/.test(text)) transactions.set(client, { statements: 0, isTurn: false })
  const transaction = transactions.get(client)
  if (transaction === undefined) return
  transaction.statements += 1
  if (text.includes('delete from inbox') && Number(rows[0]?.['claimed']) > 0) transaction.isTurn = true
  if (/update slice_turn|delete from inbox where slice/.test(text)) transaction.isTurn = true
  if (transaction.isTurn && transaction.statements === turnStatement) reach()
  if (transaction.statements === 2 && point === 'in transaction') reach()
  if (text === 'commit' && transaction.isTurn && point === 'turn over') reach()
  if (/^(?:commit|rollback)/.test(text)) transactions.delete(client)
}

const writeHead = ServerResponse.prototype.writeHead as unknown as Query
ServerResponse.prototype.writeHead = function (this: object, ...given: unknown[]): unknown {
  if (given[0] === 202 && point === 'before reply') reach()
  return writeHead.apply(this, given)
} as unknown as typeof ServerResponse.prototype.writeHead
