import { agree, termsOfIntent } from '../../app/link-customer.ts'
import { decline, intentFor, leave } from '../../app/link-intents.ts'
import { linkPreview, type LinkPreview } from '../../app/link-preview.ts'
import { isIntentOpen, type LinkIntent } from '../../domain/link-intent.ts'
import { sharedFields } from '../../domain/shared-fields.ts'
import { paragraphsOf, type Terms } from '../../domain/terms.ts'
import { isUuid } from '../../domain/uuid.ts'
import { knownBrowser, viewerOf } from '../kit/browser.ts'
import { errorSummary, formError, type FormErrors, hidden, NO_ERRORS, postForm } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { page, problemPage, seeOther } from '../kit/replies.ts'
import type { DriverVisit, Visit } from '../kit/visit.ts'
import { withLink } from './intent.ts'

/** GET /link/<intent>: what the driver is asked to agree to. */
export async function showLink(visit: Visit): Promise<Response> {
  const intent = await intentOf(visit)
  // An intent that an account took up elsewhere is found after logging in there.
  if (visit.driver === null) return seeOther(visit, loginFor(visit, intent))
  if (intent === null) return noIntent(visit)
  const driverVisit = { ...visit, driver: visit.driver }
  return consentPage(driverVisit, intent, await termsOfIntent(visit.context, intent), NO_ERRORS)
}

/** POST /link/<intent>. Whoever was logged out meanwhile is led back here by the login. */
export async function decide(visit: Visit): Promise<Response> {
  const intent = await intentOf(visit)
  if (visit.driver === null) return seeOther(visit, loginFor(visit, intent))
  if (intent === null) return noIntent(visit)
  const { customer } = visit.driver
  const decision = visit.form.get('decision')
  if (decision === 'no') {
    await decline(visit.context, customer.customerNumber, intent.id, viewerOf(visit))
    return seeOther(visit, intent.cameBy === 'match' ? '/home' : `/link/${intent.id}`)
  }
  if (decision !== 'yes') return seeOther(visit, `/link/${intent.id}`)
  const termsId = visit.form.get('termsId') ?? ''
  const agreed = await agree(visit.context, customer, viewerOf(visit), {
    intentId: intent.id,
    termsId,
    sharesContact: visit.form.get('sharesContact') === 'yes',
  })
  if (agreed === 'terms changed') {
    const errors = formError('agree', 'The terms have just changed: read them again before you agree')
    const terms = await termsOfIntent(visit.context, intent)
    return consentPage({ ...visit, driver: visit.driver }, intent, terms, errors, 422)
  }
  return seeOther(visit, `/link/${intent.id}`)
}

/** POST /link/<intent>/not-me: logs out, and leaves the intent to whoever logs in here next. */
export async function notMe(visit: Visit): Promise<Response> {
  const intent = await intentOf(visit)
  if (visit.driver === null) return seeOther(visit, loginFor(visit, intent))
  if (intent !== null) await leave(visit.context, intent, visit.driver.account.id, knownBrowser(visit))
  const done = await visit.accounts.logOut(visit.client)
  if (done.done) visit.cookies.push(...done.cookies)
  return seeOther(visit, withLink('/login', intent))
}

function intentOf(visit: Visit): Promise<LinkIntent | null> {
  return intentFor(visit.context, visit.parameters['intent'] ?? null, viewerOf(visit))
}

function loginFor(visit: Visit, intent: LinkIntent | null): string {
  if (intent !== null) return withLink('/login', intent)
  const id = visit.parameters['intent'] ?? ''
  return isUuid(id) ? `/login?link=${id}` : '/login'
}

function noIntent(visit: Visit): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'This link is not here',
    text: 'It was opened in another browser, or by somebody else, or it is too old. Open it again from the app of the company that you work for.',
  })
}

async function consentPage(
  visit: DriverVisit,
  intent: LinkIntent,
  terms: Terms,
  errors: FormErrors,
  status = 200,
): Promise<Response> {
  const preview = await linkPreview(visit.context, visit.driver.customer, intent)
  if (intent.outcome !== null) return outcomePage(visit, intent, preview)
  if (preview.isLinkedAlready)
    return linkedPage(visit, intent, preview, 'You were linked before: there is nothing to do.')
  if (!isIntentOpen(intent, visit.context.now())) {
    return problemPage(visit, 'NOT_FOUND', {
      title: 'This link is too old',
      text: `It was good for an hour. Open it again from the app of ${intent.workProvider}.`,
    })
  }
  const { account, customer } = visit.driver
  const { workProvider, userId, cameBy } = intent
  const opening =
    cameBy === 'match'
      ? html`<p>
          <strong>${workProvider}</strong> says that you work with them, and asks to be linked to your account.
        </p>`
      : html`<p><strong>${workProvider}</strong> asks to be linked to your account.</p>`
  const body = html`${errorSummary(errors)}
    <h1>Link your account to ${workProvider}?</h1>
    ${opening} ${whatFollows(intent, preview)}
    <div class="card">
      <dl class="facts">
        <dt>You are</dt>
        <dd><strong>${customer.name ?? account.name}</strong><br />${account.email}<br />${notYou(intent)}</dd>
        <dt>Company</dt>
        <dd><strong>${workProvider}</strong></dd>
        ${
          userId === null
            ? nothing
            : html`<dt>Your id there</dt>
                <dd><strong>${userId}</strong></dd>`
        }
        <dt>It will see</dt>
        <dd>${sharedList(sharedFields(preview.asksContact))}</dd>
        <dt>It will tell us</dt>
        <dd>When you start and stop work.</dd>
      </dl>
    </div>
    <details>
      <summary>${terms.title}, version ${terms.version}</summary>
      ${paragraphsOf(terms.body).map((paragraph) => html`<p>${paragraph}</p>`)}
    </details>
    <p>
      You can stop this at any time in your account. From then on nothing is shared, and you are not insured while you
      work for ${workProvider}.
    </p>
    ${postForm(
      `/link/${intent.id}`,
      html`${hidden('termsId', terms.id)} ${preview.asksContact ? hidden('sharesContact', 'yes') : nothing}
        <div class="actions">
          <button id="agree" name="decision" value="yes">Agree and link</button>
          <button class="button-second" name="decision" value="no">Do not link</button>
        </div>`,
    )}`
  return page(visit, { title: `Link to ${workProvider}`, body, hasErrors: errors.size > 0 }, status)
}

function notYou(intent: LinkIntent): Markup {
  return html`<form method="post" action="/link/${intent.id}/not-me"><button class="as-link">Not you?</button></form>`
}

function sharedList(fields: readonly string[]): Markup {
  return html`<ul>
    ${fields.map((shared) => html`<li>${shared}</li>`)}
  </ul>`
}

/** Whether agreeing insures, and what is lacking where it does not. */
function whatFollows({ workProvider }: LinkIntent, preview: LinkPreview): Markup {
  const { requirement, isRequirementMet, hasPolicy } = preview
  if (isRequirementMet && hasPolicy) return html`<p>If you agree, you are insured while you work for it.</p>`
  return html`<div class="card note">
    ${
      isRequirementMet
        ? nothing
        : requirement === 'signature'
          ? html`<p>
              ${workProvider} also asks that you come by a link from its own app. You can agree here, but you are only
              insured once you opened that link.
            </p>`
          : html`<p>
              ${workProvider} also has to recognise you. You can agree here, but you are only insured once it did.
            </p>`
    }
    ${
      hasPolicy
        ? nothing
        : html`<p>
            You have no policy that is valid for ${workProvider} now: being linked does not insure you yet. Contact us
            to get one.
          </p>`
    }
  </div>`
}

function outcomePage(visit: DriverVisit, intent: LinkIntent, preview: LinkPreview): Promise<Response> {
  const { workProvider } = intent
  if (intent.outcome === 'conflict') {
    const title = 'We could not link you yet'
    return page(visit, {
      title,
      body: html`<h1>${title}</h1>
        <p>
          The id <strong>${intent.userId}</strong> at ${workProvider} belongs to another account already. Nothing was
          changed.
        </p>
        <p>We look into it and write to you. You need not do anything.</p>
        <p><a class="button" href="/home">To my account</a></p>`,
    })
  }
  if (intent.outcome === 'declined') {
    const title = `You are not linked to ${workProvider}`
    return page(visit, {
      title,
      body: html`<h1>${title}</h1>
        <p>You said no, so nothing is shared. If you change your mind, open the link again from its app.</p>
        <p><a class="button" href="/home">To my account</a></p>`,
    })
  }
  if (!preview.isSharing) {
    const title = `You do not share with ${workProvider} any more`
    return page(visit, {
      title,
      body: html`<h1>${title}</h1>
        <p>You agreed, and stopped it since. At home you can share again.</p>
        <p><a class="button" href="/home">To my account</a></p>`,
    })
  }
  return linkedPage(visit, intent, preview, 'We sent you a receipt by mail.')
}

function linkedPage(
  visit: DriverVisit,
  { workProvider }: LinkIntent,
  preview: LinkPreview,
  note: string,
): Promise<Response> {
  const title = `You are linked to ${workProvider}`
  return page(visit, {
    title,
    body: html`<h1>${title}</h1>
      <p>Your customer number is <strong>${visit.driver.customer.customerNumber}</strong>. ${note}</p>
      ${insuredNote(workProvider, preview)}
      <p><a class="button" href="/home">To my account</a></p>`,
  })
}

function insuredNote(workProvider: string, { isActive, hasPolicy, requirement }: LinkPreview): Markup {
  if (!isActive && requirement === 'signature') {
    return html`<p class="card note">
      You are not insured yet: open the link in the app of ${workProvider}, so that we know that it comes from there.
    </p>`
  }
  if (!isActive) {
    return html`<p class="card note">
      You are not insured yet: ${workProvider} has to recognise you first. You see it on your home page as soon as it
      did.
    </p>`
  }
  if (!hasPolicy) {
    return html`<p class="card note">
      You have no policy that is valid for ${workProvider} now, so you are not insured yet. Contact us to get one.
    </p>`
  }
  return html`<p>You are insured while ${workProvider} reports that you work.</p>`
}
