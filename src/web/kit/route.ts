import type { DriverVisit, Page } from './visit.ts'

/** A page at a path. `forDrivers`: those who are not logged in are led to the login. */
export type Route = { readonly method: 'GET' | 'POST'; readonly path: string } & (
  | { readonly page: Page; readonly forDrivers?: false }
  | { readonly page: Page<DriverVisit>; readonly forDrivers: true }
)
