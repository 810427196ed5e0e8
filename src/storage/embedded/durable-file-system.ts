import { constants, fdatasyncSync, fsyncSync } from 'node:fs'
import type { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'

type Options = Parameters<NodeFS['init']>[1]
type FileStream = { readonly nfd: number; readonly node: { readonly mode: number } }
type Attributes = { readonly mode?: number }
type SetAttributes = (node: unknown, attributes: Attributes) => void
type EngineModule = {
  NODEFS: { stream_ops: { fsync?: (stream: FileStream) => number }; node_ops: { setattr: SetAttributes } }
}

/** WASI's number for an input/output error: PostgreSQL then stops rather than trust what it wrote. */
const EIO = 29

/** What group and world may do: nothing. */
const OTHERS = 0o077

/**
 * The engine's own Node file system has no `fsync`: PostgreSQL's request to sync its log would succeed without a
 * byte being forced out. This one passes each request to the kernel, so that a commit is on disk when it is reported.
 * It also keeps files private: the engine sets each new file's mode itself, past the umask of the process.
 */
export class DurableFileSystem extends NodeFS {
  override async init(engine: PGlite, options: Options): Promise<{ emscriptenOpts: Options }> {
    const { emscriptenOpts } = await super.init(engine, options)
    const preRun = [emscriptenOpts.preRun ?? []].flat()
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, mend] } }
  }
}

function mend(module: unknown): void {
  const { NODEFS } = module as EngineModule
  const { setattr } = NODEFS.node_ops
  NODEFS.stream_ops.fsync = syncFile
  NODEFS.node_ops.setattr = (node, attributes) => {
    const { mode } = attributes
    setattr(node, mode === undefined ? attributes : { ...attributes, mode: mode & ~OTHERS })
  }
}

/** Of a file its bytes and its size are enough; a name that was given or taken in a directory is neither. */
function syncFile({ nfd, node }: FileStream): number {
  try {
    if ((node.mode & constants.S_IFMT) === constants.S_IFDIR) fsyncSync(nfd)
    else fdatasyncSync(nfd)
    return 0
  } catch {
    return EIO
  }
}
