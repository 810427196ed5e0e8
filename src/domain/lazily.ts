/** What is made when it is first asked for, and is the same for everybody who asks then and later. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}
