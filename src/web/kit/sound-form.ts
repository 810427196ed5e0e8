import { isSoundText } from '../../domain/sound-text.ts'

const MAX_FIELDS = 50

/** Whether a form's fields can be stored and shown at all, and are few enough to be one of ours. */
export function isSoundForm(form: URLSearchParams): boolean {
  const fields = [...form]
  return fields.length <= MAX_FIELDS && fields.flat().every(isSoundText)
}
