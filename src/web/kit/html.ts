import { html } from 'hono/html'

/** Markup whose values are escaped: whatever is not markup itself is shown as text. */
export type Markup = ReturnType<typeof html>
export { html }

export const nothing: Markup = html``
