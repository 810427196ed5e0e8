/** What a work provider sees of a linked customer, in the words of the consent page: what `status` can answer. */
export const SHARED_FIELDS = [
  'your customer number',
  'whether you are insured for working for it',
  'the class of use and the level of your cover',
  'the registration of your vehicle, if your policy names one',
] as const

/** What besides it is sent when the customer agrees, where the work provider has no id of its own for them yet: until it found them. */
export const CONTACT_FIELD = 'your e-mail address and, if you gave one, your telephone number, so that it finds you'

export function sharedFields(sharesContact: boolean): readonly string[] {
  return sharesContact ? [...SHARED_FIELDS, CONTACT_FIELD] : SHARED_FIELDS
}
