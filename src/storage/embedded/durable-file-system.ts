import { fdatasyncSync } from 'node:fs'
import type { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'

type Options = Parameters<NodeFS['init']>[1]
type FileStream = { readonly nfd: number }
type EngineModule = { NODEFS: { stream_ops: { fsync?: (stream: FileStream) => number } } }

/** WASI's number for an input/output error: PostgreSQL then stops rather than trust what it wrote. */
const EIO = 29

/**
 * The engine's own Node file system has no `fsync`: PostgreSQL's request to sync its log would succeed without a
 * byte being forced out. This one passes each request to the kernel, so that a commit is on disk when it is reported.
 */
export class DurableFileSystem extends NodeFS {
  override async init(engine: PGlite, options: Options): Promise<{ emscriptenOpts: Options }> {
    const { emscriptenOpts } = await super.init(engine, options)
    const preRun = [emscriptenOpts.preRun ?? []].flat()
    const syncForReal = (module: unknown): void => {
      ;(module as EngineModule).NODEFS.stream_ops.fsync = syncFile
    }
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, syncForReal] } }
  }
}

function syncFile(stream: FileStream): number {
  try {
    fdatasyncSync(stream.nfd)
    return 0
  } catch {
    return EIO
  }
}
