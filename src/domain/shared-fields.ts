/** What a work provider sees of a linked customer, in the words of the consent page: what `status` can answer. */
export const SHARED_FIELDS = [
  'your customer number',
  'whether you are insured for working for it',
  'the class of use and the level of your cover',
  'the registration of your vehicle, if your policy names one',
] as const
