import type { StaffRole } from '../../domain/desk.ts'
import type { DeskVisit, DriverVisit, Page, StaffVisit, WorkProviderVisit } from './visit.ts'

/** A page at a path, and whom it is for: everybody, unless it says so. Others are led to the login, or refused. */
export type Route = { readonly method: 'GET' | 'POST'; readonly path: string } & (
  | { readonly page: Page; readonly for?: 'everybody' }
  | { readonly page: Page<DriverVisit>; readonly for: 'drivers' }
  /** Also those who have no second factor yet. */
  | { readonly page: Page<DeskVisit>; readonly for: 'desk' }
  /** Staff of this role or one that may more. */
  | { readonly page: Page<StaffVisit>; readonly for: StaffRole }
  | { readonly page: Page<WorkProviderVisit>; readonly for: 'work providers' }
)

/** The pages of those who were invited: other accounts, and another cookie, than those of drivers. */
export function isDeskPath(path: string): boolean {
  return /^\/(?:desk|staff|work-provider)(?:\/|$)/.test(path)
}
