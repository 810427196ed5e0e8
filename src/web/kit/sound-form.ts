const MAX_FIELDS = 50
const MAX_FIELD_CHARACTERS = 10_000

/** Whether a form's fields can be stored and shown at all, and are few and short enough to be one of ours. */
export function isSoundForm(form: URLSearchParams): boolean {
  const fields = [...form]
  return (
    fields.length <= MAX_FIELDS &&
    fields.every(([name, value]) => value.length <= MAX_FIELD_CHARACTERS && isSoundText(name) && isSoundText(value))
  )
}

/** PostgreSQL keeps neither NUL nor half a character. */
export function isSoundText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
