import type { TestSite } from './site.ts'
import type { Visitor } from './visitor.ts'

/** A stream of server-sent events that is open, and what came of it so far. */
export type EventStream = {
  readonly headers: Headers
  /** All that came, once it is as wanted; throws when the stream ends before. */
  until(isWanted: (text: string) => boolean): Promise<string>
  /** The data of the newest `figures` event, once there is one. */
  figures(): Promise<string>
  /** All that came, when the server has ended it. */
  ended(): Promise<string>
  close(): Promise<void>
}

/** Opens a stream as a browser would; throws when the answer is none. */
export async function openEvents(site: Pick<TestSite, 'url'>, path: string, visitor: Visitor): Promise<EventStream> {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const abort = new AbortController()
  const response = await fetch(new URL(path, site.url), {
    redirect: 'manual',
    headers: { Accept: 'text/event-stream', Cookie: cookie },
    signal: abort.signal,
  })
  const type = response.headers.get('content-type') ?? ''
  if (response.status !== 200 || !type.startsWith('text/event-stream')) {
    throw new Error(`no stream: ${response.status} ${await response.text()}`)
  }
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''

  async function until(isWanted: (text: string) => boolean): Promise<string> {
    while (!isWanted(text)) {
      const { done, value } = await reader.read()
      if (done) throw new Error(`the stream ended: ${text}`)
      text += value
    }
    return text
  }

  return {
    headers: response.headers,
    until,
    async figures() {
      const figures = /event: figures\n((?:data: .*\n)+)\n(?![^]*event: figures\n)/
      const came = await until((one) => figures.test(one))
      return figures.exec(came)![1]!.replaceAll(/^data: /gm, '')
    },
    async ended() {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return text
        text += value
      }
    },
    async close() {
      abort.abort()
      await reader.cancel().catch(() => {})
    },
  }
}
