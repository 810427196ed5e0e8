import { startOf } from '../kit/layout.ts'
import { seeOther } from '../kit/replies.ts'
import type { Route } from '../kit/route.ts'
import { savePassword, showAccount } from './account.ts'
import { join, showJoin } from './join.ts'
import { logIn, logInByCode, logOut, showCode, showLogin } from './login.ts'
import { DESK_RESET_PAGES } from './reset.ts'
import { begin, confirm, showSecondFactor } from './second-factor.ts'

/** How people who were invited come in: staff, and people of work providers. */
export const DESK_PAGES: readonly Route[] = [
  { method: 'GET', path: '/desk/login', page: showLogin },
  { method: 'POST', path: '/desk/login', page: logIn },
  { method: 'GET', path: '/desk/login/code', page: showCode },
  { method: 'POST', path: '/desk/login/code', page: logInByCode },
  { method: 'POST', path: '/desk/logout', page: logOut },
  { method: 'GET', path: '/desk/join/:token', page: showJoin },
  { method: 'POST', path: '/desk/join/:token', page: join },
  { method: 'GET', path: '/desk/reset', page: DESK_RESET_PAGES.showReset },
  { method: 'POST', path: '/desk/reset', page: DESK_RESET_PAGES.requestReset },
  { method: 'GET', path: '/desk/reset/:token', page: DESK_RESET_PAGES.showNewPassword },
  { method: 'POST', path: '/desk/reset/:token', page: DESK_RESET_PAGES.setPassword },

  { method: 'GET', path: '/desk', page: (visit) => seeOther(visit, startOf(visit)), for: 'desk' },
  { method: 'GET', path: '/desk/second-factor', page: showSecondFactor, for: 'desk' },
  { method: 'POST', path: '/desk/second-factor', page: begin, for: 'desk' },
  { method: 'POST', path: '/desk/second-factor/code', page: confirm, for: 'desk' },
  { method: 'GET', path: '/desk/account', page: showAccount, for: 'desk' },
  { method: 'POST', path: '/desk/account/password', page: savePassword, for: 'desk' },
]
