/**
 * The network that an address is counted by: an IPv4 address itself, of an IPv6 address its /64, which is what one
 * household or one attacker has at least. An IPv4 address written as IPv6 is the IPv4 address.
 */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/, '')
  if (!bare.includes(':')) return bare
  const dotted = /:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)
  if (dotted !== null && /^(?:0*:)*:?ffff:\d/i.test(bare)) return dotted[1]!
  const groups = expand(bare)
  if (groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff') return mappedAddress(groups)
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** The IPv4 address in the last two groups. */
function mappedAddress(groups: readonly string[]): string {
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight groups of an IPv6 address, without leading zeros. */
function expand(address: string): string[] {
  const [head = '', tail] = address.toLowerCase().split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array.from({ length: missing }, () => '0'), ...right].map((group) =>
    group.replace(/^0+(?=.)/, ''),
  )
}
