/** What the generator is asked to send, how fast, and what it answers. */
export type Traffic = {
  /** `login`: single reports; `batch`: batches of `items`; `status`: questions. */
  readonly kind: 'report' | 'batch' | 'status'
  /** Of a batch. */
  readonly items: number
  /** The numbers of the couriers: from `firstCourier` on, in turn. */
  readonly firstCourier: number
  readonly couriers: number
  readonly key: string
}

export type Job = {
  /** Of one server, or of several that share the load. */
  readonly ports: readonly number[]
  readonly traffic: Traffic
  readonly connections: number
  /** Requests a second, sent when they are due; null: each connection sends when it has its answer. */
  readonly rate: number | null
  readonly warmUpMs: number
  readonly measureMs: number
}

export type Measured = {
  readonly seconds: number
  /** Answered as they should be, within the measured time. */
  readonly requests: number
  readonly perSecond: number
  /** Milliseconds from when a request was due (or sent, where nothing is due). */
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** How many were answered otherwise, by status. */
  readonly refused: Readonly<Record<string, number>>
  /** In all, with those of the warming up. */
  readonly sent: number
}

export type ToGenerator =
  | { readonly kind: 'run'; readonly job: Job }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'end' }
export type FromGenerator =
  | { readonly kind: 'measured'; readonly measured: Measured }
  | { readonly kind: 'failed'; readonly reason: string }

/** What a courier is called: every other one by the insurer's number, the rest by the work provider's own id. */
export function customerNumberOf(courier: number): string {
  return `C${courier}`
}

export function userIdOf(courier: number): string {
  return `u-${courier}`
}
