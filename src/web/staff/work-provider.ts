import { mayAs, type StaffRole } from '../../domain/desk.ts'
import { MICROSECONDS_PER_HOUR } from '../../domain/instant.ts'
import { isUuid } from '../../domain/uuid.ts'
import { LINK_REQUIREMENTS, settingsAt } from '../../domain/work-provider.ts'
import { addTerms } from '../../app/terms.ts'
import { changeSettings } from '../../app/work-providers.ts'
import { Impossible } from '../../domain/errors.ts'
import { listDeskPeople } from '../../storage/desk-accounts.ts'
import { listTerms } from '../../storage/terms.ts'
import { findWorkProviderById, settingsOf } from '../../storage/work-providers.ts'
import { field, formError, type FormErrors, NO_ERRORS, postForm, select, textArea } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, seeOther } from '../kit/replies.ts'
import type { Route } from '../kit/route.ts'
import { formatDate } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { workProviderPage } from '../work-provider/about.ts'
import { endKey, makeKey, makeTestKey, replaceKey } from '../work-provider/keys.ts'
import { buildLink } from '../work-provider/link-builder.ts'
import { makeLinkSecret, revokeLinkSecret } from '../work-provider/link-secrets.ts'
import { downloadQuality } from '../work-provider/quality.ts'
import { downloadRefusals } from '../work-provider/refusals.ts'
import { downloadRequests, showRequests } from '../work-provider/requests.ts'
import type { Action, Subject } from '../work-provider/subject.ts'
import { TEST_TWIN_ACTIONS } from '../work-provider/test-twin.ts'
import { WEBHOOK_ACTIONS } from '../work-provider/webhook-actions.ts'

const AT = '/staff/work-providers/:workProvider'

/** The work provider that the address names; null where there is none. */
async function subjectOf(visit: StaffVisit): Promise<Subject | null> {
  const id = visit.parameters['workProvider'] ?? ''
  const workProvider = isUuid(id) ? await findWorkProviderById(visit.context.db, id) : null
  if (workProvider === null) return null
  const subject: Subject = {
    visit,
    workProvider,
    at: `/staff/work-providers/${id}`,
    isForStaff: true,
    isTest: false,
    mayChange: mayAs(visit.person.role, 'admin'),
    show: async (errors, status) =>
      workProviderPage(subject, errors, { status, more: await staffSections(subject, errors) }),
  }
  return subject
}

function route(method: Route['method'], path: string, role: StaffRole, action: Action): Route {
  const page = async (visit: StaffVisit): Promise<Response> => {
    const subject = await subjectOf(visit)
    return subject === null ? notFound(visit) : action(subject)
  }
  return { method, path: `${AT}${path}`, page, for: role }
}

/** A work provider as staff see it: what its own people see, and its settings, terms and people. */
export const WORK_PROVIDER_OF_STAFF: readonly Route[] = [
  route('GET', '', 'viewer', (subject) => subject.show(NO_ERRORS, 200)),
  route('GET', '/quality.csv', 'viewer', downloadQuality),
  route('GET', '/requests', 'viewer', showRequests),
  route('GET', '/requests.csv', 'viewer', downloadRequests),
  route('GET', '/refusals.csv', 'viewer', downloadRefusals),
  route('POST', '/keys', 'admin', makeKey),
  route('POST', '/keys/test', 'admin', makeTestKey),
  route('POST', '/keys/rotate', 'admin', replaceKey),
  route('POST', '/keys/revoke', 'admin', endKey),
  route('POST', '/link-secrets', 'admin', makeLinkSecret),
  route('POST', '/link-secrets/revoke', 'admin', revokeLinkSecret),
  route('POST', '/link', 'admin', buildLink),
  ...[...WEBHOOK_ACTIONS, ...TEST_TWIN_ACTIONS].map(({ method, path, action }) =>
    route(method, path, method === 'GET' ? 'viewer' : 'admin', action),
  ),
  route('POST', '/settings', 'admin', saveSettings),
  route('POST', '/terms', 'admin', saveTerms),
]

/** POST <at>/settings: from now on. */
async function saveSettings(subject: Subject): Promise<Response> {
  const { visit, workProvider, at } = subject
  const hours = Number(visit.form.get('cap') ?? '')
  const linkRequires = LINK_REQUIREMENTS.find((one) => one === visit.form.get('linkRequires'))
  if (!Number.isFinite(hours)) return subject.show(formError('cap', 'Enter a number of hours, 14 say'), 422)
  if (linkRequires === undefined) return subject.show(formError('linkRequires', 'Choose one'), 422)
  try {
    const cap = Math.round(hours * MICROSECONDS_PER_HOUR)
    await changeSettings(visit.context, workProvider.name, { cap, linkRequires })
    return seeOther(visit, at)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return subject.show(formError('cap', error.message), 422)
  }
}

/** POST <at>/terms: a version is never changed; who agreed before agreed to what they saw. */
async function saveTerms(subject: Subject): Promise<Response> {
  const { visit, workProvider, at } = subject
  try {
    await addTerms(visit.context, {
      about: 'link',
      workProvider: workProvider.name,
      version: visit.form.get('version') ?? '',
      text: visit.form.get('text') ?? '',
    })
    return seeOther(visit, at)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return subject.show(formError('text', error.message), 422)
  }
}

async function staffSections(subject: Subject, errors: FormErrors): Promise<Markup> {
  return html`${await settingsSection(subject, errors)} ${await termsSection(subject, errors)}
  ${await peopleSection(subject)}`
}

async function settingsSection({ visit, workProvider, at, mayChange }: Subject, errors: FormErrors): Promise<Markup> {
  const { context } = visit
  const settings = (await settingsOf(context.db, [workProvider.id])).get(workProvider.id)!
  const { cap, linkRequires } = settingsAt(settings, context.now())
  const hours = String(cap / MICROSECONDS_PER_HOUR)
  return html`<section class="card" aria-labelledby="settings">
    <h2 id="settings">Settings</h2>
    <dl class="facts">
      <dt>A shift without logout ends after</dt>
      <dd>${hours} hours</dd>
      <dt>A link requires, besides consent</dt>
      <dd>${linkRequires}</dd>
    </dl>
    ${
      mayChange
        ? html`<details ${errors.has('cap') || errors.has('linkRequires') ? html`open` : nothing}>
            <summary>Change, from now on</summary>
            ${postForm(
              `${at}/settings`,
              html`${field(errors, {
                  name: 'cap',
                  label: 'Hours after which a shift without logout ends',
                  value: visit.form.get('cap') ?? hours,
                })}
                ${select(errors, {
                  name: 'linkRequires',
                  label: 'What a link requires besides consent',
                  value: visit.form.get('linkRequires') ?? linkRequires,
                  choices: LINK_REQUIREMENTS.map((value) => ({ value, label: value })),
                })} <button>Save</button>`,
            )}
          </details>`
        : nothing
    }
  </section>`
}

async function termsSection({ visit, workProvider, at, mayChange }: Subject, errors: FormErrors): Promise<Markup> {
  const own = (await listTerms(visit.context.db)).filter((terms) => terms.workProviderId === workProvider.id)
  return html`<section class="card" aria-labelledby="terms">
    <h2 id="terms">Terms of sharing</h2>
    ${
      own.length === 0
        ? html`<p>It has none of its own: drivers agree to the <a href="/terms">standard terms</a>.</p>`
        : html`<ul>
            ${own.map((terms) => html`<li><a href="/terms/${terms.id}">Version ${terms.version}: ${terms.title}</a></li>`)}
          </ul>`
    }
    ${
      mayChange
        ? html`<details ${errors.has('text') ? html`open` : nothing}>
            <summary>Add a version</summary>
            ${postForm(
              `${at}/terms`,
              html`${field(errors, { name: 'version', label: 'Version', value: visit.form.get('version') ?? '' })}
                ${textArea(errors, {
                  name: 'text',
                  label: 'Text',
                  hint: 'The title on the first line. From then on drivers are asked to agree to this one.',
                  value: visit.form.get('text') ?? '',
                })} <button>Add</button>`,
            )}
          </details>`
        : nothing
    }
  </section>`
}

async function peopleSection({ visit, workProvider, mayChange }: Subject): Promise<Markup> {
  const people = await listDeskPeople(visit.context.db, workProvider.id)
  return html`<section class="card" aria-labelledby="people">
    <h2 id="people">Its people</h2>
    ${
      people.length === 0
        ? html`<p>Nobody was invited to its pages yet.</p>`
        : html`<ul>
            ${people.map(
              (person) =>
                html`<li>
                  ${person.name}, ${person.email}, since ${formatDate(person.joinedAt, visit.context.timeZone)}
                </li>`,
            )}
          </ul>`
    }
    ${mayChange ? html`<p><a href="/staff/people">Invite somebody</a></p>` : nothing}
  </section>`
}
