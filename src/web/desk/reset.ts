import { DESK_RESET } from '../../app/password-reset.ts'
import { nothing } from '../kit/html.ts'
import { resetPages } from '../kit/reset-pages.ts'

export const DESK_RESET_PAGES = resetPages({
  kind: DESK_RESET,
  accounts: (visit) => visit.deskAccounts,
  at: '/desk/reset',
  login: '/desk/login',
  title: 'Set a new password for the desk',
  intro: 'We mail you a link by which you can choose one. Your authenticator app stays as it is.',
  afterMail: nothing,
})
