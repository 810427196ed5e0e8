import type { Route } from '../kit/route.ts'
import { logOutEverywhere, saveDetails, saveEmail, savePassword, showAccount } from './account.ts'
import { close, showClose } from './close.ts'
import { downloadCsv, downloadJson } from './download.ts'
import { confirm, showEmailChange } from './email-change.ts'
import { showFront } from './front.ts'
import { showHome } from './home.ts'
import { decide, notMe, showLink } from './link.ts'
import { openWorkProviderLink, showLinkProblem } from './link-work-provider.ts'
import { logIn, logOut, showLogin, showWelcome } from './login.ts'
import { DRIVER_RESET_PAGES } from './reset.ts'
import { finish, showPerson, showSignUp, signUp } from './signup.ts'
import { showOldTerms, showTerms } from './terms.ts'
import { showUndo, undoConsent } from './undo.ts'
import { share, showWithdraw, withdrawConsent } from './withdraw.ts'

/** The drivers' pages, and the few that are for everybody. A GET changes nothing but what a link claims. */
export const DRIVER_PAGES: readonly Route[] = [
  { method: 'GET', path: '/', page: showFront },
  { method: 'GET', path: '/terms', page: showTerms },
  { method: 'GET', path: '/terms/:terms', page: showOldTerms },

  { method: 'GET', path: '/link-work-provider', page: openWorkProviderLink },
  { method: 'GET', path: '/v1/link-work-provider', page: openWorkProviderLink },
  { method: 'GET', path: '/link-problem/:problem', page: showLinkProblem },
  { method: 'GET', path: '/welcome', page: showWelcome },
  { method: 'GET', path: '/link/:intent', page: showLink },
  { method: 'POST', path: '/link/:intent', page: decide },
  { method: 'POST', path: '/link/:intent/not-me', page: notMe },

  { method: 'GET', path: '/login', page: showLogin },
  { method: 'POST', path: '/login', page: logIn },
  { method: 'POST', path: '/logout', page: logOut },
  { method: 'GET', path: '/signup', page: showSignUp },
  { method: 'POST', path: '/signup', page: signUp },
  { method: 'GET', path: '/signup/:token', page: showPerson },
  { method: 'POST', path: '/signup/:token', page: finish },
  { method: 'GET', path: '/reset', page: DRIVER_RESET_PAGES.showReset },
  { method: 'POST', path: '/reset', page: DRIVER_RESET_PAGES.requestReset },
  { method: 'GET', path: '/reset/:token', page: DRIVER_RESET_PAGES.showNewPassword },
  { method: 'POST', path: '/reset/:token', page: DRIVER_RESET_PAGES.setPassword },
  { method: 'GET', path: '/email/:token', page: showEmailChange },
  { method: 'POST', path: '/email/:token', page: confirm },
  { method: 'GET', path: '/undo/:token', page: showUndo },
  { method: 'POST', path: '/undo/:token', page: undoConsent },

  { method: 'GET', path: '/home', page: showHome, for: 'drivers' },
  { method: 'GET', path: '/withdraw/:link', page: showWithdraw, for: 'drivers' },
  { method: 'POST', path: '/withdraw/:link', page: withdrawConsent, for: 'drivers' },
  { method: 'POST', path: '/share/:workProvider', page: share, for: 'drivers' },
  { method: 'GET', path: '/account', page: showAccount, for: 'drivers' },
  { method: 'POST', path: '/account/details', page: saveDetails, for: 'drivers' },
  { method: 'POST', path: '/account/email', page: saveEmail, for: 'drivers' },
  { method: 'POST', path: '/account/password', page: savePassword, for: 'drivers' },
  { method: 'POST', path: '/account/logout-everywhere', page: logOutEverywhere, for: 'drivers' },
  { method: 'GET', path: '/account/my-data.json', page: downloadJson, for: 'drivers' },
  { method: 'GET', path: '/account/my-shifts.csv', page: downloadCsv, for: 'drivers' },
  { method: 'GET', path: '/account/close', page: showClose, for: 'drivers' },
  { method: 'POST', path: '/account/close', page: close, for: 'drivers' },
]
