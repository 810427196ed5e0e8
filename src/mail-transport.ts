import { oneLine } from './app/mail-texts.ts'
import type { MailTransport } from './app/mailer.ts'
import type { Config } from './config.ts'

/** For the whole of a mail. Shorter than a server may take to stop: it waits for the mails under way. */
const MAIL_MS = 8_000
const RULE = '-'.repeat(72)

/** Mails go by SMTP; without a mail server they are printed, so that the pages can be tried out all the same. */
export async function openMailTransport(
  config: Config,
  say: (line: string) => void,
  mailMs = MAIL_MS,
): Promise<MailTransport> {
  if (config.smtpUrl === undefined) {
    return {
      keepsBody: true,
      async send(mail) {
        const headers = [`To: ${oneLine(mail.to)}`, `Subject: ${oneLine(mail.subject)}`]
        say(['', `${RULE}`, 'Mail (not sent: SMTP_URL is not set)', ...headers, '', mail.body, RULE, ''].join('\n'))
      },
    }
  }
  // Loaded here, so that a server that only prints them starts sooner.
  const { createTransport } = await import('nodemailer')
  const smtp = createTransport(config.smtpUrl, {
    from: config.mailFrom,
    // A mail is text of our own: nothing in it names a file or an address to read.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    keepsBody: false,
    async send(mail) {
      await smtp.sendMail({
        // As an object: what stands in an address is never read as a list of them.
        to: { name: '', address: mail.to },
        subject: mail.subject,
        text: mail.body,
        headers: { 'Auto-Submitted': 'auto-generated' },
        // Its own limits are of minutes, and of silence only.
        signal: AbortSignal.timeout(mailMs),
      })
    },
  }
}
