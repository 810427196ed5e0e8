const TRACE_PARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/
const VERSION_0_CHARACTERS = 55

/** The id of the caller's trace, as its `traceparent` has it (W3C Trace Context, level 1); undefined where it has none. */
export function traceIdOf(traceparent: string | string[] | undefined): string | undefined {
  if (typeof traceparent !== 'string') return undefined
  // The first version has nothing behind its flags; later ones may.
  if (traceparent.startsWith('00') && traceparent.length !== VERSION_0_CHARACTERS) return undefined
  return TRACE_PARENT.exec(traceparent)?.[1]
}
