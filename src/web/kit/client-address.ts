import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Whether an address is that of a proxy of ours. */
export type TrustedProxies = (address: string) => boolean

/** `proxies`: addresses and networks, as the configuration has checked them. */
export function trustedProxies(proxies: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/')
    const type = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, type)
    else list.addSubnet(address, Number(prefix), type)
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Where a request comes from. What a proxy of ours says is believed, and so on along the chain; the first address that
 * is none of ours is the client, whatever it says of itself.
 */
export function clientAddress(incoming: IncomingMessage, isTrusted: TrustedProxies): string {
  const forwarded = (incoming.headers['x-forwarded-for'] ?? '').toString()
  const hops = forwarded
    .split(',')
    .map((hop) => hop.trim())
    .filter((hop) => isIP(hop) !== 0)
  let address = plain(incoming.socket.remoteAddress ?? '0.0.0.0')
  while (isTrusted(address)) {
    const hop = hops.pop()
    if (hop === undefined) break
    address = plain(hop)
  }
  return address
}

/** An IPv4 address that came by an IPv6 socket is an IPv4 address. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
