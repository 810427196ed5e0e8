/** PostgreSQL's text can hold neither NUL nor half a character. */
export function isSoundText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
