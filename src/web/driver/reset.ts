import { DRIVER_RESET } from '../../app/password-reset.ts'
import { html } from '../kit/html.ts'
import { resetPages } from '../kit/reset-pages.ts'

export const DRIVER_RESET_PAGES = resetPages({
  kind: DRIVER_RESET,
  accounts: (visit) => visit.accounts,
  at: '/reset',
  login: '/login',
  title: 'Set a new password',
  intro: 'We mail you a link by which you can choose a new password.',
  afterMail: html`<p>
    Nothing there after some minutes? Look among unwanted mail, or <a href="/reset">check the address</a>.
  </p>`,
})
