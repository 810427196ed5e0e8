/** Often enough to see that it goes on. */
const EVERY_MS = 200
const CLEAR_LINE = '\r\u001b[K'

export type Progress = { say(line: string): void; /** Removes what was shown last. */ end(): void }

/** One line that is written over and over on a terminal; nothing where there is none. `nowMs` is any steady clock. */
export function startProgress(
  stream: { readonly isTTY?: boolean; write(text: string): unknown },
  nowMs: () => number,
): Progress {
  let lastMs = Number.NEGATIVE_INFINITY
  return {
    say(line) {
      if (stream.isTTY !== true || nowMs() - lastMs < EVERY_MS) return
      lastMs = nowMs()
      stream.write(`${CLEAR_LINE}${line}`)
    },
    end() {
      if (lastMs > Number.NEGATIVE_INFINITY) stream.write(CLEAR_LINE)
    },
  }
}

const BAR_CHARACTERS = 30

/** How far something is, from 0 to 1, for `say`. */
export function progressBar(share: number): string {
  const within = Math.min(1, Math.max(0, share))
  const done = Math.floor(within * BAR_CHARACTERS)
  const percent = String(Math.floor(within * 100)).padStart(3)
  return `[${'#'.repeat(done)}${'.'.repeat(BAR_CHARACTERS - done)}] ${percent} %`
}
