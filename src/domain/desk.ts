/**
 * The desk: people who were invited. Staff of the insurer have one of three roles, each of which may do what the one
 * before it may; a person of a work provider sees what is that work provider's own, and nothing else.
 */
export const STAFF_ROLES = ['viewer', 'operator', 'admin'] as const
export type StaffRole = (typeof STAFF_ROLES)[number]
export type DeskRole = StaffRole | 'work provider'

/** What each role may do, in the words of the pages. */
export const ROLE_WORDS: Readonly<Record<StaffRole, string>> = {
  viewer: 'looks at everything, and changes nothing',
  operator: 'also changes customers, policies and links, annuls events, and works the reconciliation',
  admin: 'also makes keys and settings of work providers, invites people, and reads the outbox',
}

export function isStaffRole(text: string): text is StaffRole {
  return (STAFF_ROLES as readonly string[]).includes(text)
}

/** Whether a role may do what asks for another at the least. */
export function mayAs(role: DeskRole, atLeast: StaffRole): boolean {
  return role !== 'work provider' && STAFF_ROLES.indexOf(role) >= STAFF_ROLES.indexOf(atLeast)
}
