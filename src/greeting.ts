import { DEMO_CUSTOMERS, DEMO_WORK_PROVIDER } from './app/demo.ts'
import type { Config } from './config.ts'

export type Greeted = {
  readonly config: Config
  /** Null: it listens to nothing. */
  readonly url: string | null
  /** The key of a demo that was made just now. */
  readonly demoKey: string | null
  /** Whether the store holds the demo. */
  readonly isDemo: boolean
  readonly isEmbedded: boolean
}

/** What the terminal says once the server runs: where it is, and lines to paste. */
export function greeting({ config, url, demoKey, isDemo, isEmbedded }: Greeted): string[] {
  const store = isEmbedded ? `embedded PostgreSQL in ${config.dataDir}` : 'PostgreSQL server'
  if (url === null) return [`Deriving shifts (role ${config.role}, ${store}).`]
  if (config.role === 'project') return [`Deriving shifts (role project, ${store}); /metrics is at ${url}.`]
  const opening = ['', `Listening on ${url} (${store}).`, '']
  if (!isDemo) return [...opening, ...keyLines('NAME'), '']
  const demo = [
    `A small demo is in the store: work provider "${DEMO_WORK_PROVIDER}" and three customers,`,
    `${DEMO_CUSTOMERS.withVehicle} (insured, with a vehicle), ${DEMO_CUSTOMERS.withoutVehicle} (insured) and ${DEMO_CUSTOMERS.disabled} (no policy).`,
    '',
  ]
  const key = demoKey === null ? keyLines(DEMO_WORK_PROVIDER) : ['Its API key, shown this once:', '', `    ${demoKey}`]
  return [
    ...opening,
    ...demo,
    ...key,
    '',
    'Try it; paste into another terminal:',
    '',
    ...lines(url, demoKey),
    '',
    ...siteLines(config, url),
  ]
}

/** The drivers' side, in a browser: the link that a work provider would give to a driver. */
function siteLines(config: Config, url: string): string[] {
  const query = new URLSearchParams({
    work_provider: DEMO_WORK_PROVIDER,
    work_provider_user_id: '3001',
    email: 'driver@example.com',
  })
  const mails = config.smtpUrl === undefined ? ['Mails are printed here, since SMTP_URL is not set.'] : []
  return [
    'What a driver sees, from the link in the app of a work provider; open it in a browser:',
    '',
    `    ${url}/link-work-provider?${query.toString()}`,
    '',
    ...mails,
    '',
  ]
}

function keyLines(workProvider: string): string[] {
  return [
    'Keys are shown once, when they are made. A new one:',
    '',
    `    npx zego key create --work-provider "${workProvider}"`,
  ]
}

function lines(url: string, demoKey: string | null): string[] {
  const report = (kind: string): string =>
    `curl -i ${url}/v1/shift/${kind}/ -H "Authorization: $KEY" ` +
    `-d '{"workProviderUserId":"1686","timestamp":"'$(date -u +%FT%TZ)'"}'`
  return [
    `KEY='${demoKey ?? 'put a key here'}'`,
    report('login'),
    `curl -i "${url}/v1/user/status/?workProviderUserId=1686" -H "Authorization: $KEY"`,
    `npx zego cover --customer ${DEMO_CUSTOMERS.withVehicle} --at now`,
    report('logout'),
    `npx zego shifts --customer ${DEMO_CUSTOMERS.withVehicle}`,
  ].map((line) => `    ${line}`)
}
