import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Carries bytes from a port of this machine to a database server: with it the "server" comes and goes at will. */
export type Proxy = { close(): Promise<void> }

export async function openProxy(port: number, target: { host: string; port: number }): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  }
  const server = createServer((from) => {
    const to = connect(target.port, target.host)
    keep(from)
    keep(to)
    from.pipe(to)
    to.pipe(from)
    from.on('close', () => to.destroy())
    to.on('close', () => from.destroy())
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
