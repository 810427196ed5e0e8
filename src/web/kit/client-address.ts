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
  const hops = (incoming.headers['x-forwarded-for'] ?? '').toString().split(',')
  let address = plain(incoming.socket.remoteAddress ?? '0.0.0.0')
  while (isTrusted(address)) {
    const hop = addressOf(hops.pop() ?? '')
    // What is no address ends the chain: what stands before it anybody can have written.
    if (hop === null) break
    address = hop
  }
  return address
}

/** The address of one hop; some proxies write its port behind it. */
function addressOf(hop: string): string | null {
  const text = hop.trim()
  const bare = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return isIP(bare) === 0 ? null : plain(bare)
}

/** An IPv4 address that came by an IPv6 socket is an IPv4 address. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
