import { findMail, listMails, type StoredMail } from '../../storage/outbox.ts'
import { isUuid } from '../../domain/uuid.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page, problemPage } from '../kit/replies.ts'
import { formatMoment } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'

const MAILS_A_PAGE = 100

const WHAT_THESE_ARE = {
  kept: 'There is no mail server, so mails go no further than this. They are kept for 30 days.',
  sent: 'What was given to the mail server, and what was not and why. The list goes back 30 days; the text of a mail is not shown.',
}

/** GET /staff/outbox, with `?before=` the id of a mail. Mails can be read only where there is no mail server. */
export async function showOutbox(visit: StaffVisit): Promise<Response> {
  const before = new URLSearchParams(visit.query).get('before')
  const mails = await listMails(visit.context.db, before !== null && isUuid(before) ? before : null, MAILS_A_PAGE)
  const body = html`<h1>Outbox</h1>
    <p>${visit.keepsMails ? WHAT_THESE_ARE.kept : WHAT_THESE_ARE.sent}</p>
    ${
      mails.length === 0
        ? html`<p>No mails.</p>`
        : html`<div class="scroll" tabindex="0">
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">To</th>
                  <th scope="col">Subject</th>
                  ${visit.keepsMails ? nothing : html`<th scope="col">What became of it</th>`}
                </tr>
              </thead>
              <tbody>
                ${mails.map((mail) => mailRow(visit, mail))}
              </tbody>
            </table>
          </div>`
    }
    ${mails.length < MAILS_A_PAGE ? nothing : html`<p><a href="/staff/outbox?before=${mails.at(-1)!.id}">Older</a></p>`}`
  return page(visit, { title: 'Outbox', body, isWide: true })
}

function mailRow(visit: StaffVisit, mail: StoredMail): Markup {
  const { keepsMails } = visit
  return html`<tr>
    <td>${moment(visit, mail)}</td>
    <td class="name">${mail.to}</td>
    <td class="name">${keepsMails ? html`<a href="/staff/outbox/${mail.id}">${mail.subject}</a>` : mail.subject}</td>
    ${keepsMails ? nothing : html`<td class="name">${becameOf(mail)}</td>`}
  </tr>`
}

/** In the words of the mail server, where it had any. */
function becameOf({ sentAt, failedAt, attempts, lastError }: StoredMail): string {
  if (sentAt !== null) return 'sent'
  if (failedAt !== null) return `given up: ${lastError}`
  if (lastError === null) return 'waits'
  return `waits, tried ${attempts === 1 ? 'once' : `${attempts} times`}: ${lastError}`
}

function moment({ context }: StaffVisit, { at }: StoredMail): string {
  return formatMoment(at, context.now(), context.timeZone)
}

/** GET /staff/outbox/<id> */
export async function showMail(visit: StaffVisit): Promise<Response> {
  if (!visit.keepsMails) return notHere(visit)
  const id = visit.parameters['mail'] ?? ''
  const mail = isUuid(id) ? await findMail(visit.context.db, id) : null
  if (mail === null) return notFound(visit)
  const body = html`<h1>${mail.subject}</h1>
    <p>To <strong>${mail.to}</strong>, ${moment(visit, mail)}</p>
    <pre class="mail">${mail.body}</pre>
    <p><a href="/staff/outbox">Back to the outbox</a></p>`
  return page(visit, { title: mail.subject, body })
}

function notHere(visit: StaffVisit): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'Mails are not kept here',
    text: 'They go by the mail server, and their text is not kept once they are sent.',
  })
}
