/**
 * Whether an `Origin` is this site's: the one it is known by, or the one that the browser was sent to just now (the
 * same server under another name, `localhost` say).
 */
export function isOwnOrigin(origin: string, host: string | undefined, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false
  return origin === new URL(publicUrl).origin || new URL(origin).host === host
}
