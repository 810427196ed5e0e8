/**
 * Whether a form was sent from this site's own pages: the browser says so by `Sec-Fetch-Site`, an older one by `Origin`.
 * What says neither is no browser that shows our pages. Whatever the type of the body: another site can send some of them.
 */
export function isFromOwnPages(headers: Headers, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = headers.get('origin')
  return origin !== null && isOwnOrigin(origin, headers.get('host'), publicUrl)
}

/** The origin that the site is known by, or the one that the browser was sent to (the same server as `localhost`, say). */
function isOwnOrigin(origin: string, host: string | null, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false
  return origin === new URL(publicUrl).origin || new URL(origin).host === host
}
