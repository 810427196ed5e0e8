import { proveCode } from '../../app/desk-login.ts'
import { deskOf } from '../desk/desk-client.ts'
import { field, formError, type FormErrors } from '../kit/forms.ts'
import type { Markup } from '../kit/html.ts'
import { tooManyWords } from '../kit/too-many.ts'
import type { DeskVisit } from '../kit/visit.ts'

const CODE = 'code'

/**
 * Before what must not be done by whoever finds a browser open: a code of the authenticator app again. Answers what is
 * wrong with it, or null when it is theirs. `name`: that of the field, where a page has several.
 */
export async function stepUp(visit: DeskVisit, name = CODE): Promise<FormErrors | null> {
  const proved = await proveCode(deskOf(visit), visit.person, visit.form.get(name) ?? '')
  if (proved.done) return null
  if (proved.reason === 'too many attempts') return formError(name, tooManyWords(proved))
  return formError(name, 'That code is not right, or was used already. Wait for the next one')
}

export function stepUpField(errors: FormErrors, name = CODE): Markup {
  return field(errors, {
    name,
    label: 'Code',
    hint: 'The six digits that your authenticator app shows now.',
    autocomplete: 'one-time-code',
  })
}
