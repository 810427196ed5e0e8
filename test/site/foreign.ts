/** What the browser of somebody on another site, or none at all, sends with a form. */
export const FOREIGN: Readonly<Record<string, (site: string) => Readonly<Record<string, string>>>> = {
  'Sec-Fetch-Site: cross-site': () => ({ 'Sec-Fetch-Site': 'cross-site' }),
  'Sec-Fetch-Site: same-site': () => ({ 'Sec-Fetch-Site': 'same-site' }),
  'Sec-Fetch-Site: none': () => ({ 'Sec-Fetch-Site': 'none' }),
  'Sec-Fetch-Site: cross-site with an Origin': () => ({
    'Sec-Fetch-Site': 'cross-site',
    Origin: 'https://evil.example',
  }),
  'Origin of another site': () => ({ Origin: 'https://evil.example' }),
  'Origin of another port': (site) => ({ Origin: `${site.slice(0, site.lastIndexOf(':'))}:1` }),
  'Origin that begins as ours does': (site) => ({ Origin: `${site}.evil.example` }),
  'Origin: null': () => ({ Origin: 'null' }),
  'Origin: null with Sec-Fetch-Site: cross-site': () => ({ Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }),
  'an empty Origin': () => ({ Origin: '' }),
  'neither header': () => ({}),
  'the Referer of our own page alone': (site) => ({ Referer: `${site}/account` }),
}
