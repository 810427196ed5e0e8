import { MAX_REPORTS_A_TURN } from './project.ts'

/*
 * The pace of a projector that has one backend together with those who call (docs/decisions/0028): they wait for the turn
 * that is under way, and the rest after it is theirs.
 */

/** Those who are being answered when a turn ends: more than this are many. */
const MANY_CALLERS = 32
/** What a turn may take at most while there are callers, and while there are many. */
const REPORTS_AMONG_FEW = 128
const REPORTS_AMONG_MANY = 32
/** So long may a turn among many take: on a slow machine it gets fewer reports. */
const TURN_AMONG_MANY_MS = 8
/** However slow: most of what so few cost is the turn itself. */
const FEWEST_REPORTS = 8
const MOST_GROWTH = 2
/**
 * When the oldest report is twice as late as this, turns may be twice as long after all, and again for each such time more:
 * an inbox that grows without end is worse than to wait, half a minute of it is not.
 */
const LATE_SECONDS = 15
/** The rest after a turn: as long as the turn, and among many so many times as long. */
const RESTS_AMONG_MANY = 4
const MAX_REST_MS = 50

/** A turn that left reports waiting. */
export type Turn = {
  /** The reports that it could take. */
  readonly limit: number
  readonly tookMs: number
  /** Those who are being answered at its end. */
  readonly callers: number
  /** How late the oldest of its reports was. */
  readonly lagSeconds: number
}

/** The reports that the next turn may take. */
export function nextLimit({ limit, tookMs, callers, lagSeconds }: Turn): number {
  if (callers === 0) return Math.min(limit * MOST_GROWTH, MAX_REPORTS_A_TURN)
  const areMany = callers > MANY_CALLERS
  const longer = 2 ** Math.max(0, Math.floor(lagSeconds / LATE_SECONDS) - 1)
  const most = Math.min((areMany ? REPORTS_AMONG_MANY : REPORTS_AMONG_FEW) * longer, MAX_REPORTS_A_TURN)
  const growth = areMany ? Math.min((TURN_AMONG_MANY_MS * longer) / tookMs, MOST_GROWTH) : MOST_GROWTH
  return Math.min(Math.max(Math.round(limit * growth), FEWEST_REPORTS), most)
}

/** How long to rest after a turn while there are callers. */
export function restMs(tookMs: number, callers: number): number {
  return Math.min(tookMs * (callers > MANY_CALLERS ? RESTS_AMONG_MANY : 1), MAX_REST_MS)
}
