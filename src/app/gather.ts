import { withinTime } from './time-limit.ts'

/** What is asked while an answer is under way waits, and is then answered together. */
export type Gather<Question, Answer> = (question: Question) => Promise<Answer>

type Waiting<Question, Answer> = {
  question: Question
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/**
 * Turns a lookup of many into one of each: concurrent callers share a statement, a lone one waits for nobody. `lookUp`
 * answers in the order of the questions; when it fails, so do all who wait: nobody waits longer than one lookup may take.
 */
export function gather<Question, Answer>(
  maxAtOnce: number,
  lookUp: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): Gather<Question, Answer> {
  let waiting: Waiting<Question, Answer>[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxAtOnce)
      waiting = waiting.slice(maxAtOnce)
      try {
        const answers = await withinTime(lookUp(batch.map((one) => one.question)))
        for (const [index, one] of batch.entries()) one.resolve(answers[index]!)
      } catch (error) {
        // A database that hangs would let those who wait behind it wait for as long again, each batch after the other.
        const all = [...batch, ...waiting]
        waiting = []
        for (const one of all) one.reject(error)
      }
    }
    running = false
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject })
      if (!running) void run()
    })
}
