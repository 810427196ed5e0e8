import { findMail, listMails, type StoredMail } from '../../storage/outbox.ts'
import { isUuid } from '../../domain/uuid.ts'
import { html, nothing } from '../kit/html.ts'
import { notFound, page, problemPage } from '../kit/replies.ts'
import { formatMoment } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'

const MAILS_A_PAGE = 100

/** GET /staff/outbox, with `?before=` the id of a mail: only where there is no mail server, so that mails can be read at all. */
export async function showOutbox(visit: StaffVisit): Promise<Response> {
  if (!visit.keepsMails) return notHere(visit)
  const before = new URLSearchParams(visit.query).get('before')
  const mails = await listMails(visit.context.db, before !== null && isUuid(before) ? before : null, MAILS_A_PAGE)
  const moment = (mail: StoredMail): string => formatMoment(mail.at, visit.context.now(), visit.context.timeZone)
  const body = html`<h1>Outbox</h1>
    <p>There is no mail server, so mails go no further than this. They are kept for 30 days.</p>
    ${
      mails.length === 0
        ? html`<p>No mails.</p>`
        : html`<div class="scroll" tabindex="0">
            <table>
              <thead>
                <tr>
                  <th>When</th>
                  <th>To</th>
                  <th>Subject</th>
                </tr>
              </thead>
              <tbody>
                ${mails.map(
                  (mail) =>
                    html`<tr>
                      <td>${moment(mail)}</td>
                      <td class="name">${mail.to}</td>
                      <td class="name"><a href="/staff/outbox/${mail.id}">${mail.subject}</a></td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
    ${mails.length < MAILS_A_PAGE ? nothing : html`<p><a href="/staff/outbox?before=${mails.at(-1)!.id}">Older</a></p>`}`
  return page(visit, { title: 'Outbox', body, isWide: true })
}

/** GET /staff/outbox/<id> */
export async function showMail(visit: StaffVisit): Promise<Response> {
  if (!visit.keepsMails) return notHere(visit)
  const id = visit.parameters['mail'] ?? ''
  const mail = isUuid(id) ? await findMail(visit.context.db, id) : null
  if (mail === null) return notFound(visit)
  const body = html`<h1>${mail.subject}</h1>
    <p>To <strong>${mail.to}</strong>, ${formatMoment(mail.at, visit.context.now(), visit.context.timeZone)}</p>
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
