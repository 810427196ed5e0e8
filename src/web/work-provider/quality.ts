import { COUNTED_DAYS } from '../../app/count-quality.ts'
import { type DataQuality, readDataQuality } from '../../app/data-quality.ts'
import { COUNTS, type QualityDay, type Shares, sharesOf } from '../../domain/data-quality.ts'
import { findingInWords } from '../../domain/findings.ts'
import { LAG_WORDS, usualLag } from '../../domain/lag.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { csvDownload } from '../kit/replies.ts'
import { formatMoment } from '../kit/times.ts'
import { momentOf, type Subject } from './subject.ts'

type Plotted = { readonly label: string; readonly hint: string; readonly of: (day: QualityDay) => number | null }

const share = (name: keyof Shares) => (day: QualityDay) => sharesOf(day)[name]

const PLOTS: readonly Plotted[] = [
  { label: 'Reports', hint: `in ${COUNTED_DAYS} days`, of: (day) => day.reports },
  { label: 'Late', hint: 'told more than an hour after', of: share('late') },
  { label: 'Duplicate', hint: 'told before', of: share('duplicate') },
  { label: 'Orphan', hint: 'logouts without a login', of: share('orphan') },
  { label: 'Capped', hint: 'shifts without a logout', of: share('capped') },
  { label: 'Parked', hint: 'of people who are not linked', of: share('parked') },
]

const [BAR, GAP, HEIGHT] = [7, 2, 48]

/** GET <at>/quality.csv */
export function downloadQuality({ visit, workProvider }: Subject): Promise<Response> {
  const pieces = async function* (): AsyncGenerator<string[][]> {
    const { days } = await readDataQuality(visit.context, workProvider.id, COUNTED_DAYS)
    yield days
      .filter((day) => day.countedAt !== null)
      .map((day) => [day.day, ...COUNTS.map((name) => String(day[name]))])
  }
  return Promise.resolve(csvDownload(visit, 'data-quality.csv', ['day', ...COUNTS], pieces()))
}

export async function qualitySection(subject: Subject): Promise<Markup> {
  const { visit, workProvider, at } = subject
  const { context } = visit
  const quality = await readDataQuality(context, workProvider.id, COUNTED_DAYS)
  const lag = usualLag(quality.total)
  return html`<section class="card" aria-labelledby="quality">
    <h2 id="quality">Data quality</h2>
    ${quality.findings.map(
      (finding) =>
        html`<p class="card state note" role="status">
          ${findingInWords(finding, (instant) => formatMoment(instant, context.now(), context.timeZone))}
        </p>`,
    )}
    <p>
      ${
        quality.lastReportAt === null
          ? 'No report ever came.'
          : html`The last report came ${momentOf(subject, quality.lastReportAt)}.`
      }
      ${lag === null ? nothing : html`Reports usually arrive ${LAG_WORDS[lag]}.`}
    </p>
    ${
      quality.countedAt === null
        ? html`<p>Nothing is counted yet: the server does so in the background.</p>`
        : html`<div class="plots">${PLOTS.map((plotted) => plot(plotted, quality))}</div>
            <p class="soft">
              By day of arrival (UTC), the last ${COUNTED_DAYS} days, counted up to
              ${formatMoment(quality.countedAt, context.now(), context.timeZone)}.
              <a href="${at}/quality.csv">All counts (CSV)</a>
            </p>`
    }
  </section>`
}

/** A small plot by day. Each bar has its day and value as a title; the figure as a whole says the last and the highest. */
function plot({ label, hint, of }: Plotted, { days, total }: DataQuality): Markup {
  const values = days.map(of)
  const highest = Math.max(...values.map((value) => value ?? 0))
  const all = label === 'Reports' ? total.reports : of({ ...days.at(-1)!, ...total })
  const words = label === 'Reports' ? count : percent
  const width = days.length * (BAR + GAP)
  return html`<figure class="plot">
    <figcaption>
      <strong>${label}</strong> <span class="plot-value">${all === null ? '–' : words(all)}</span>
      <span class="soft">${hint}</span>
    </figcaption>
    <svg viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${label} by day: at most ${words(highest)}">
      <line x1="0" x2="${width}" y1="${HEIGHT - 0.5}" y2="${HEIGHT - 0.5}" class="plot-base" />
      ${days.map((day, index) => bar(day, index, { value: values[index] ?? null, highest, words }))}
    </svg>
  </figure>`
}

function bar(
  { day }: QualityDay,
  index: number,
  { value, highest, words }: { value: number | null; highest: number; words: (value: number) => string },
): Markup {
  if (value === null || highest === 0) return nothing
  const height = value === 0 ? 0 : Math.max(1, (value / highest) * (HEIGHT - 2))
  return html`<rect
    x="${index * (BAR + GAP)}"
    y="${HEIGHT - 1 - height}"
    width="${BAR}"
    height="${height}"
    class="plot-bar"
  >
    <title>${day}: ${words(value)}</title>
  </rect>`
}

function count(value: number): string {
  return value.toLocaleString('en-GB')
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`
}
