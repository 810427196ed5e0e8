import { z } from 'zod'
import {
  changeRole,
  disablePerson,
  inviteStaff,
  inviteToWorkProvider,
  takeSecondFactorAway,
} from '../../app/desk-people.ts'
import { ROLE_WORDS, STAFF_ROLES } from '../../domain/desk.ts'
import { Impossible } from '../../domain/errors.ts'
import { type DeskPerson, findDeskPersonById, listDeskPeople } from '../../storage/desk-accounts.ts'
import { listWorkProviders } from '../../storage/work-providers.ts'
import { isUuid } from '../../domain/uuid.ts'
import { email } from '../kit/fields.ts'
import {
  errorSummary,
  field,
  formError,
  type FormErrors,
  NO_ERRORS,
  parseForm,
  postForm,
  select,
} from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page, seeOther } from '../kit/replies.ts'
import { formatDate } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { stepUp, stepUpField } from './step-up.ts'

const Invite = z.object({ email, role: z.string(), workProvider: z.string().default('') })
const WORK_PROVIDER = 'work provider'

/** GET /staff/people */
export function showPeople(visit: StaffVisit): Promise<Response> {
  return peoplePage(visit, NO_ERRORS)
}

/** POST /staff/people: invites somebody. The link is shown too: not every mail arrives. */
export async function invite(visit: StaffVisit): Promise<Response> {
  const parsed = parseForm(Invite, visit.form)
  if (!parsed.ok) return peoplePage(visit, parsed.errors, 422)
  const wrong = await stepUp(visit)
  if (wrong !== null) return peoplePage(visit, wrong, 422)
  const { role, workProvider } = parsed.values
  try {
    const { url } =
      role === WORK_PROVIDER
        ? await inviteToWorkProvider(visit.context, { email: parsed.values.email, workProvider })
        : await inviteStaff(visit.context, { email: parsed.values.email, role })
    return page(visit, {
      title: 'Invited',
      body: html`<h1>${parsed.values.email} is invited</h1>
        <p>A mail is on its way. You can also hand over this link, which is shown this once and good for seven days:</p>
        <p><code class="secret">${url}</code></p>
        <p><a href="/staff/people">Back to the people</a></p>`,
    })
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return peoplePage(visit, formError('email', error.message), 422)
  }
}

/** GET /staff/people/<id> */
export function showPerson(visit: StaffVisit): Promise<Response> {
  return personPage(visit, NO_ERRORS)
}

/** POST /staff/people/<id>/role */
export function saveRole(visit: StaffVisit): Promise<Response> {
  return change(visit, (person) => changeRole(visit.context, person.email, visit.form.get('role') ?? ''))
}

/** POST /staff/people/<id>/disable, /enable */
export function setDisabled(isDisabled: boolean): (visit: StaffVisit) => Promise<Response> {
  return (visit) => change(visit, (person) => disablePerson(visit.context, person.email, isDisabled))
}

/** POST /staff/people/<id>/second-factor: takes it away. */
export function removeSecondFactor(visit: StaffVisit): Promise<Response> {
  return change(visit, (person) => takeSecondFactorAway(visit.context, person.email))
}

async function change(visit: StaffVisit, work: (person: DeskPerson) => Promise<DeskPerson>): Promise<Response> {
  const person = await personOf(visit)
  if (person === null) return notFound(visit)
  // Nobody shuts themselves out, or makes themselves more than they are.
  if (person.id === visit.person.id) {
    return personPage(visit, formError('form', 'You cannot change yourself. Ask another administrator'), 422)
  }
  const wrong = await stepUp(visit)
  if (wrong !== null) return personPage(visit, wrong, 422)
  try {
    await work(person)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return personPage(visit, formError('form', error.message), 422)
  }
  return seeOther(visit, `/staff/people/${person.id}`)
}

function personOf(visit: StaffVisit): Promise<DeskPerson | null> {
  const id = visit.parameters['person'] ?? ''
  return isUuid(id) ? findDeskPersonById(visit.context.db, id) : Promise.resolve(null)
}

async function peoplePage(visit: StaffVisit, errors: FormErrors, status = 200): Promise<Response> {
  const people = await listDeskPeople(visit.context.db)
  const providers = await listWorkProviders(visit.context.db)
  const typed = (name: string): string => visit.form.get(name) ?? ''
  const body = html`${errorSummary(errors)}
    <h1>People of the desk</h1>
    <div class="scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>E-mail</th>
            <th>Role</th>
            <th>Second factor</th>
            <th>Joined</th>
          </tr>
        </thead>
        <tbody>
          ${people.map(
            (person) =>
              html`<tr>
                <td class="name"><a href="/staff/people/${person.id}">${person.name}</a></td>
                <td class="name">${person.email}</td>
                <td>
                  ${roleWords(person)}${person.disabledAt === null ? nothing : html` <strong>(shut out)</strong>`}
                </td>
                <td>${person.hasSecondFactor ? 'set' : 'not yet'}</td>
                <td>${formatDate(person.joinedAt, visit.context.timeZone)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <section class="card" aria-labelledby="invite">
      <h2 id="invite">Invite somebody</h2>
      ${postForm(
        '/staff/people',
        html`${field(errors, { name: 'email', label: 'E-mail address', type: 'email', value: typed('email') })}
          ${select(errors, {
            name: 'role',
            label: 'Role',
            value: typed('role'),
            choices: [
              ...STAFF_ROLES.map((role) => ({ value: role, label: `${role}: ${ROLE_WORDS[role]}` })),
              { value: WORK_PROVIDER, label: 'a work provider’s: sees what is that work provider’s own' },
            ],
          })}
          ${select(errors, {
            name: 'workProvider',
            label: 'Work provider (only for a work provider’s person)',
            value: typed('workProvider'),
            choices: [{ value: '', label: '–' }, ...providers.map(({ name }) => ({ value: name, label: name }))],
          })}
          ${stepUpField(errors)} <button>Invite</button>`,
      )}
    </section>`
  return page(visit, { title: 'People of the desk', body, hasErrors: errors.size > 0, isWide: true }, status)
}

function roleWords({ role, workProvider }: DeskPerson): string {
  return workProvider === null ? role : `of ${workProvider}`
}

async function personPage(visit: StaffVisit, errors: FormErrors, status = 200): Promise<Response> {
  const person = await personOf(visit)
  if (person === null) return notFound(visit)
  const { timeZone } = visit.context
  const isOut = person.disabledAt !== null
  const body = html`${errorSummary(errors)}
    <h1>${person.name}</h1>
    <dl class="facts">
      <dt>E-mail</dt>
      <dd>${person.email}</dd>
      <dt>Role</dt>
      <dd>${roleWords(person)}</dd>
      <dt>Second factor</dt>
      <dd>${person.hasSecondFactor ? 'set' : 'not yet'}</dd>
      <dt>Joined</dt>
      <dd>${formatDate(person.joinedAt, timeZone)}</dd>
      ${
        isOut
          ? html`<dt>Shut out since</dt>
              <dd>${formatDate(person.disabledAt, timeZone)}</dd>`
          : nothing
      }
    </dl>
    <p><a href="/staff/audit?by=${encodeURIComponent(person.email)}">What they did</a></p>
    ${person.id === visit.person.id ? html`<p>This is you.</p>` : changes(person, errors)}`
  return page(visit, { title: person.name, body, hasErrors: errors.size > 0 }, status)
}

function changes(person: DeskPerson, errors: FormErrors): Markup {
  const at = `/staff/people/${person.id}`
  const isOut = person.disabledAt !== null
  return html`<section class="card" aria-labelledby="change">
    <h2 id="change">Change</h2>
    <form method="post" action="${at}/role" novalidate>
      ${
        person.role === WORK_PROVIDER
          ? nothing
          : select(errors, {
              name: 'role',
              label: 'Role',
              value: person.role,
              choices: STAFF_ROLES.map((role) => ({ value: role, label: `${role}: ${ROLE_WORDS[role]}` })),
            })
      }
      ${stepUpField(errors)}
      <div class="actions">
        ${person.role === WORK_PROVIDER ? nothing : html`<button>Change the role</button>`}
        <button class="button-danger" formaction="${at}/${isOut ? 'enable' : 'disable'}">
          ${isOut ? 'Let in again' : 'Shut out'}
        </button>
        ${
          person.hasSecondFactor
            ? html`<button class="button-danger" formaction="${at}/second-factor">Take the second factor away</button>`
            : nothing
        }
      </div>
    </form>
  </section>`
}
