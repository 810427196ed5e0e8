/** What comes while one runs waits, and then shares the next. */
export function shared<T>(run: (waiting: readonly T[]) => Promise<void>): (one: T) => void {
  let waiting: T[] = []
  let isRunning = false
  async function go(): Promise<void> {
    isRunning = true
    while (waiting.length > 0) {
      const taken = waiting
      waiting = []
      await run(taken)
    }
    isRunning = false
  }
  return (one) => {
    waiting.push(one)
    if (!isRunning) void go()
  }
}
