import { readApiUse } from '../../app/api-use.ts'
import { COUNTED_DAYS } from '../../app/count-quality.ts'
import { TEST_TABLE, twinName } from '../../domain/sandbox.ts'
import { findTestTwin } from '../../storage/sandbox.ts'
import { errorSummary, type FormErrors, NO_ERRORS } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page } from '../kit/replies.ts'
import { deprecatedSection } from './about.ts'
import { endKey, keysSection, replaceKey } from './keys.ts'
import { downloadQuality, qualitySection } from './quality.ts'
import { downloadRefusals, refusalsSection } from './refusals.ts'
import { downloadRequests, showRequests } from './requests.ts'
import type { Action, Subject, SubjectAction } from './subject.ts'
import { WEBHOOK_ACTIONS } from './webhook-actions.ts'

/** What is shown and done of the test twin of a work provider, below the work provider's own page. */
export const TEST_TWIN_ACTIONS: readonly SubjectAction[] = [
  { method: 'GET', path: '/test', action: showTest },
  { method: 'GET', path: '/test/quality.csv', action: ofTwin(downloadQuality) },
  { method: 'GET', path: '/test/requests', action: ofTwin(showRequests) },
  { method: 'GET', path: '/test/requests.csv', action: ofTwin(downloadRequests) },
  { method: 'GET', path: '/test/refusals.csv', action: ofTwin(downloadRefusals) },
  { method: 'POST', path: '/test/keys/rotate', action: ofTwin(replaceKey) },
  { method: 'POST', path: '/test/keys/revoke', action: ofTwin(endKey) },
  ...WEBHOOK_ACTIONS.map(({ method, path, action }) => ({ method, path: `/test${path}`, action: ofTwin(action) })),
]

/** Does with the twin what is done with a work provider. There is no such page before the first test key. */
function ofTwin(action: Action): Action {
  return async (subject) => {
    const twin = await twinOf(subject)
    return twin === null ? notFound(subject.visit) : action(twin)
  }
}

async function twinOf(subject: Subject): Promise<Subject | null> {
  const workProvider = await findTestTwin(subject.visit.context.db, subject.workProvider.id)
  if (workProvider === null) return null
  const twin: Subject = {
    ...subject,
    workProvider,
    at: `${subject.at}/test`,
    isTest: true,
    show: (errors, status) => testPage(subject, twin, errors, status),
  }
  return twin
}

/** GET <at>/test: what test keys are for, and what came of them. */
async function showTest(subject: Subject): Promise<Response> {
  return testPage(subject, await twinOf(subject), NO_ERRORS, 200)
}

async function testPage(of: Subject, twin: Subject | null, errors: FormErrors, status: number): Promise<Response> {
  const title = twinName(of.workProvider.name)
  const body = html`${errorSummary(errors)}
    <h1>${title}</h1>
    <p>
      A test key is for trying a program out: it sees the customers below, and nobody else. What is sent with it is no
      cover, is billed to nobody, and is on this page alone. <a href="/docs/testing">What each of them answers</a>.
    </p>
    ${peopleTable()} ${twin === null ? nothing : await whatCame(twin, errors)}
    <p>
      ${of.mayChange ? html`Make a test key under <a href="${of.at}#keys">Keys</a>. ` : nothing}
      <a href="${of.at}">Back to ${of.workProvider.name}</a>
    </p>`
  return page(of.visit, { title, body, isWide: true, hasErrors: errors.size > 0 }, status)
}

async function whatCame(twin: Subject, errors: FormErrors): Promise<Markup> {
  const { keys, deprecated } = await readApiUse(twin.visit.context, twin.workProvider.id, COUNTED_DAYS)
  return html`<p>
      <a href="${twin.at}/requests">Its requests, and what became of them</a> ·
      <a href="${twin.at}/webhooks">Its webhooks, and what they were told</a>
    </p>
    ${await qualitySection(twin)} ${deprecatedSection(deprecated)} ${await refusalsSection(twin)}
    ${keysSection(twin, keys, errors)}`
}

function peopleTable(): Markup {
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          <th>Customer number</th>
          <th>Your id</th>
          <th>E-mail</th>
          <th>Is</th>
        </tr>
      </thead>
      <tbody>
        ${TEST_TABLE.map(
          ({ customerNumber, userId, email, is }) =>
            html`<tr>
              <td><code>${customerNumber}</code></td>
              <td><code>${userId}</code></td>
              <td>${email === null ? '–' : html`<code>${email}</code>`}</td>
              <td>${is}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
