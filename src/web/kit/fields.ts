import { z } from 'zod'
import { MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS } from '../../app/password.ts'
import { isPossibleEmail, MAX_NAME_CHARACTERS, MAX_PHONE_CHARACTERS } from '../../domain/customer.ts'

/** The fields of forms, with the words for what is wrong with them. */
export const email = z
  .string({ error: 'Enter your e-mail address' })
  .trim()
  .min(1, 'Enter your e-mail address')
  .refine(
    (text) => text === '' || (isPossibleEmail(text) && z.email().safeParse(text).success),
    'Enter an e-mail address like name@example.com',
  )

export const newPassword = z
  .string({ error: 'Choose a password' })
  .min(1, 'Choose a password')
  .refine(
    (text) => text === '' || text.length >= MIN_PASSWORD_CHARACTERS,
    `A password has at least ${MIN_PASSWORD_CHARACTERS} characters`,
  )
  .refine(
    (text) => text.length <= MAX_PASSWORD_CHARACTERS,
    `A password has at most ${MAX_PASSWORD_CHARACTERS} characters`,
  )

export const password = z
  .string({ error: 'Enter your password' })
  .min(1, 'Enter your password')
  .max(MAX_PASSWORD_CHARACTERS, 'That is not your password')

export const name = z
  .string({ error: 'Enter your name' })
  .trim()
  .min(1, 'Enter your name')
  .max(MAX_NAME_CHARACTERS, `A name has at most ${MAX_NAME_CHARACTERS} characters`)

/** Optional: left empty it is null. */
export const phone = z
  .string({ error: 'Enter a telephone number, or leave this empty' })
  .trim()
  .max(MAX_PHONE_CHARACTERS, `A telephone number has at most ${MAX_PHONE_CHARACTERS} characters`)
  .regex(/^[+\d][\d ()./-]*$|^$/, 'Enter a telephone number with digits, like 07700 900123, or leave this empty')
  .transform((text) => (text === '' ? null : text))

export const PASSWORD_HINT = `At least ${MIN_PASSWORD_CHARACTERS} characters. Three words that only you would put together are good.`
