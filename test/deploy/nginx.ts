import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../scripts/cluster.ts'
import { waitFor } from '../faults/harness.ts'
import { read, withSbin } from './files.ts'

/* deploy/nginx/zego.conf in a real nginx: only its ports, its certificate and its logs are others. */

const run = promisify(execFile)

export type Proxy = { readonly httpsPort: number; readonly httpPort: number; log(): string; stop(): Promise<void> }

/** What `nginx -t` says of the example with this upstream: nothing when all is well. */
export async function checkNginx(upstream: string): Promise<string> {
  const prepared = await prepare(upstream)
  try {
    return (await run('nginx', ['-t', '-q', ...prepared.args], { env: withSbin() })).stderr
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr)
  } finally {
    prepared.remove()
  }
}

/** Runs it before these ports of this machine. */
export async function startNginx(ports: readonly number[]): Promise<Proxy> {
  // Its pauses and connections as they are; only where the processes are is another.
  const upstream = read('deploy/nginx/upstream.conf').replace(/^ *server (\S+):\d+(.*);$/m, (_, address, rest) =>
    ports.map((port) => `  server ${address}:${port}${rest};`).join('\n'),
  )
  const { args, httpPort, httpsPort, remove, log } = await prepare(upstream)
  const child = spawn('nginx', [...args, '-g', 'daemon off;'], { env: withSbin(), stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'exit')
  await waitFor('nginx listening', async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${said}`)
    return answers(httpsPort)
  })
  return {
    httpPort,
    httpsPort,
    log,
    async stop() {
      child.kill('SIGTERM')
      await ended
      remove()
    },
  }
}

type Prepared = { args: string[]; httpPort: number; httpsPort: number; log(): string; remove(): void }

async function prepare(upstream: string): Promise<Prepared> {
  const directory = mkdtempSync(join(tmpdir(), 'zego-nginx-'))
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  for (const name of ['ssl', 'log', 'temporary']) mkdirSync(join(directory, name))
  await makeCertificate(join(directory, 'ssl'))
  const site = read('deploy/nginx/zego.conf')
    .replaceAll(/^ *listen \[::\].*$/gm, '')
    .replace('listen 80;', `listen 127.0.0.1:${httpPort};`)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${httpsPort} ssl;`)
    .replaceAll('/etc/ssl/zego/', `${directory}/ssl/`)
    .replaceAll('/var/log/nginx/', `${directory}/log/`)
  writeFileSync(join(directory, 'zego.conf'), site)
  writeFileSync(join(directory, 'zego-upstream.conf'), upstream)
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    join(directory, 'nginx.conf'),
    [
      // Its workers would be somebody who may not read the directory.
      ...(process.getuid?.() === 0 ? ['user root;'] : []),
      `pid ${directory}/pid; error_log ${directory}/log/start.log; worker_processes 1; events {}`,
      `http { ${kinds.map((kind) => `${kind}_temp_path ${directory}/temporary/${kind};`).join(' ')}`,
      `include ${directory}/zego.conf; include ${directory}/zego-upstream.conf; }`,
    ].join('\n'),
  )
  return {
    args: ['-p', directory, '-e', join(directory, 'log/start.log'), '-c', join(directory, 'nginx.conf')],
    httpPort,
    httpsPort,
    log: () => readFileSync(join(directory, 'log/access.log'), 'utf8'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

async function makeCertificate(directory: string): Promise<void> {
  const [key, certificate] = [join(directory, 'privkey.pem'), join(directory, 'fullchain.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  await run('openssl', ['req', ...kind, '-subj', '/CN=zego.example.com', '-keyout', key, '-out', certificate])
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('connect', () => socket.destroy()).once('error', () => resolve(false))
  })
}
