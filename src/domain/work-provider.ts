import { type Instant, MICROSECONDS_PER_HOUR, plus } from './instant.ts'
import type { CapAt } from './shift-engine.ts'

export type WorkProvider = { readonly id: string; readonly name: string }

/** What a link needs besides consent before it is active. */
export const LINK_REQUIREMENTS = ['nothing', 'signature', 'match'] as const
export type LinkRequirement = (typeof LINK_REQUIREMENTS)[number]

/** A setting is a fact: it holds from `effectiveAt` until the next one of its name. */
export type Setting = { readonly seq: number; readonly effectiveAt: Instant; readonly recordedAt: Instant } & (
  | { readonly name: 'cap'; readonly microseconds: number }
  | { readonly name: 'link_requires'; readonly requirement: LinkRequirement }
  | { readonly name: 'feed' }
)

export const DEFAULT_CAP = 14 * MICROSECONDS_PER_HOUR
export const MIN_CAP = MICROSECONDS_PER_HOUR / 60
export const MAX_CAP = 48 * MICROSECONDS_PER_HOUR
export const MAX_NAME_CHARACTERS = 200

/** The rule that ends a shift without logout: the cap in force when it started. */
export function capRule(settings: readonly Setting[]): CapAt {
  const caps = settings.filter((setting) => setting.name === 'cap')
  if (caps.length === 0) return (startedAt) => plus(startedAt, DEFAULT_CAP)
  const inOrder = inForceOrder(caps)
  return (startedAt) => {
    const inForce = inOrder.findLast((setting) => setting.effectiveAt <= startedAt)
    return plus(startedAt, inForce?.microseconds ?? DEFAULT_CAP)
  }
}

export type RequirementChange = { readonly from: Instant; readonly requirement: LinkRequirement }

/** What links require, as it changed; before the first change they require nothing. */
export function requirementChanges(settings: readonly Setting[]): RequirementChange[] {
  return inForceOrder(settings.filter((setting) => setting.name === 'link_requires')).map((setting) => ({
    from: setting.effectiveAt,
    requirement: setting.requirement,
  }))
}

/** Whether a work provider has a feed: once begun, it goes on. */
export function hasFeed(settings: readonly Setting[]): boolean {
  return settings.some((setting) => setting.name === 'feed')
}

/** The settings in force at an instant. */
export function settingsAt(settings: readonly Setting[], at: Instant): { cap: number; linkRequires: LinkRequirement } {
  const change = requirementChanges(settings).findLast(({ from }) => from <= at)
  return { cap: capRule(settings)(at) - at, linkRequires: change?.requirement ?? 'nothing' }
}

function inForceOrder<S extends Setting>(settings: readonly S[]): S[] {
  return [...settings].sort((a, b) => a.effectiveAt - b.effectiveAt || a.seq - b.seq)
}

/** How a work provider's name is compared: without case, and with single spaces. */
export function nameKey(name: string): string {
  return name.trim().replace(/\s+/g, ' ').toLowerCase().normalize('NFC')
}
