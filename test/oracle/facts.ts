// Everything the oracle may know. Instants and durations are whole microseconds (instants since the
// Unix epoch), intervals are [from, to).

export type Identity = { kind: 'customer_number' | 'user_id'; text: string } // customer numbers already upper-cased

export type SettingFact =
  | { seq: number; name: 'cap'; value: number /* microseconds */; effectiveAt: number; recordedAt: number }
  | {
      seq: number
      name: 'link_requires'
      value: 'nothing' | 'signature' | 'match'
      effectiveAt: number
      recordedAt: number
    }

export type World = {
  workProviders: { name: string; settings: SettingFact[] }[]
  // at most one per (workProvider, customer)
  links: { id: string; workProvider: string; customerNumber: string; recordedAt: number }[]
  // in order of id = order of recording
  bindings: { id: number; workProvider: string; userId: string; linkId: string; recordedAt: number }[]
  // at most one per binding
  releases: { bindingId: number; effectiveAt: number; recordedAt: number }[]
  consents: { seq: number; linkId: string; given: boolean; signed: boolean; effectiveAt: number; recordedAt: number }[]
  // at = effective = recorded
  matches: { workProvider: string; customerNumber: string; success: boolean; at: number }[]
  policies: {
    id: string
    customerNumber: string
    workProvider: string | null
    classOfUse: string
    coverLevel: string
    vehicle: string | null
    from: number
    to: number | null
    recordedAt: number
  }[]
  cancellations: { policyId: string; effectiveAt: number; recordedAt: number }[]
  reports: { workProvider: string; identity: Identity; kind: 'login' | 'logout'; at: number; receivedAt: number }[]
  // annulled false = restored; last seq known wins
  annulments: {
    seq: number
    workProvider: string
    identity: Identity
    kind: 'login' | 'logout'
    at: number
    annulled: boolean
    recordedAt: number
  }[]
}

// asKnownAt T: only facts recorded (received) at or before T, asked at N = T; else N = now and all facts
export type Question = { now: number; asKnownAt?: number }

export type Interval = { from: number; to: number }

export type OracleShift = {
  workProvider: string
  startedAt: number
  endedAt: number | null
  capAt: number
  endReason: 'logout' | 'cap' | null
}
export type OracleAnomaly = { workProvider: string; at: number; kind: 'orphan' | 'empty' | 'repeat' }
export type OracleCover = { from: number; to: number; workProviders: string[] }
export type OracleUsage = { workProvider: string; day: string; minutes: number }
