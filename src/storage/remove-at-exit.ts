import { rmSync } from 'node:fs'

/**
 * Removes a path when the process ends by itself, however it comes to that (but not when it is killed). Answers what
 * calls that off.
 */
export function removeAtExit(path: string): () => void {
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  process.once('exit', remove)
  return () => void process.off('exit', remove)
}
