import type { CanaryPoint } from '#libs/contracts'
import type { JSX } from 'preact'
import { count, Moment, Table } from '../layout/parts.js'

/** Width of a chart and the box of its lines, in pixels of the picture. */
const [WIDTH, HEIGHT] = [320, 136]
const [LEFT, RIGHT, TOP, BOTTOM] = [30, 310, 16, 112]

const COLUMNS = ['step', 'cohortAlerts', 'cohortHours', 'controlAlerts', 'controlHours', 'evidence'] as const

/** Returns the horizontal place of a time between the first and the last point. */
export function placesOf(points: readonly CanaryPoint[]): (at: string) => number {
  const [fromMs, untilMs] = [Date.parse(points[0]!.at), Date.parse(points.at(-1)!.at)]
  return (at) => Math.round(LEFT + ((Date.parse(at) - fromMs) / Math.max(1, untilMs - fromMs)) * (RIGHT - LEFT))
}

/** Returns the vertical place of a count from 0 to `most`. */
export function levelOf(value: number, most: number): number {
  return Math.round(BOTTOM - (value / most) * (BOTTOM - TOP))
}

/** Returns the vertical place of evidence, on a logarithmic scale from 1 to `limit`. Evidence outside the scale is at its end. */
export function levelOfEvidence(evidence: number, limit: number): number {
  return levelOf(Math.min(1, Math.log(Math.max(1, evidence)) / Math.log(limit)), 1)
}

/** Returns the path of a line of steps. Each step of a ramp has a line of its own, because its counts begin at 0. */
export function linePath(points: readonly CanaryPoint[], level: (point: CanaryPoint) => number): string {
  const place = placesOf(points)
  return points
    .map((point, at) => `${points[at - 1]?.step === point.step ? `H${place(point.at)}V` : `M${place(point.at)} `}${level(point)}`)
    .join('')
}

/** Alerts of cohort and control over time, the evidence up to its limit, and the points as a table. Nothing before the second point. */
export function CanaryCharts({ points, limit }: { points: readonly CanaryPoint[]; limit: number }): JSX.Element | null {
  if (points.length < 2) return null
  const last = points.at(-1)!
  const most = Math.max(2, ...points.map(({ cohortAlerts, expected }) => Math.ceil(Math.max(cohortAlerts, expected))))
  const usual = last.controlHours > 0 ? 'the rate of the control group' : 'the usual rate (no control group)'
  return (
    <>
      <div class="canary-charts">
        <Chart
          title="Unexplained alerts"
          points={points}
          lines={[
            { look: 'control', level: (point) => levelOf(point.expected, most), text: `at ${usual}: ${last.expected.toFixed(1)}` },
            { look: 'cohort', level: (point) => levelOf(point.cohortAlerts, most), text: `cohort: ${last.cohortAlerts}` },
          ]}
          ticks={[0, most].map((value) => ({ y: levelOf(value, most), text: String(value) }))}
        />
        <Chart
          title="Evidence of a higher rate"
          points={points}
          lines={[
            { look: 'limit', level: () => TOP, text: `the canary fails at: ${limit}` },
            { look: 'cohort', level: ({ evidence }) => levelOfEvidence(evidence, limit), text: `now: ${last.evidence.toFixed(1)}` },
          ]}
          ticks={[1, limit].map((value) => ({ y: levelOfEvidence(value, limit), text: String(value) }))}
        />
      </div>
      <details id="canary-points">
        <summary>Both charts as a table of {count(points.length, 'row')}</summary>
        <Table
          caption="Counts of the canary over time"
          head={['Time', 'Step', 'Cohort alerts', 'Cohort bot-hours', 'Control alerts', 'Control bot-hours', 'Evidence']}
          rows={points.map((point) => [<Moment at={point.at} exact />, ...COLUMNS.map((name) => <td class="number">{point[name]}</td>)])}
        />
      </details>
    </>
  )
}

/** Line of the grid, and a text at a place. */
type Mark = readonly [line: string, x: number, y: number, text: string, end: 'start' | 'end']

interface ChartProps {
  title: string
  points: readonly CanaryPoint[]
  /** Lines from back to front. `text`: their last value in words. */
  lines: readonly { look: 'cohort' | 'control' | 'limit'; level: (point: CanaryPoint) => number; text: string }[]
  ticks: readonly { y: number; text: string }[]
}

function Chart({ title, points, lines, ticks }: ChartProps): JSX.Element {
  const begun = points.filter(({ step }, at) => at > 0 && step !== points[at - 1]!.step)
  const words = lines.toReversed()
  const place = placesOf(points)
  const marks: Mark[] = [
    ...ticks.map(({ y, text }): Mark => [`M${LEFT} ${y}H${RIGHT}`, LEFT - 5, y + 4, text, 'end']),
    ...begun.map(({ at, step }): Mark => [`M${place(at)} ${TOP}V${BOTTOM}`, place(at), TOP - 4, `step ${step}`, 'start']),
    ['', LEFT, HEIGHT - 6, points[0]!.at.slice(11, 19), 'start'],
    ['', RIGHT, HEIGHT - 6, `${points.at(-1)!.at.slice(11, 19)} UTC`, 'end'],
  ]
  return (
    <figure class="canary-chart">
      <figcaption>
        <strong>{title}</strong>
        {words.map(({ look, text }) => (
          <span key={look} class={`canary-key canary-key--${look}`}>
            {text}
          </span>
        ))}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title} over time: ${words.map(({ text }) => text).join('; ')}.`}>
        {marks.map(([line, x, y, text, end]) => (
          <g key={`${x} ${y}`}>
            <path class="canary-grid" d={line} />
            <text x={x} y={y} text-anchor={end}>
              {text}
            </text>
          </g>
        ))}
        {lines.map(({ look, level }) => (
          <path key={look} class={`canary-line canary-line--${look}`} d={linePath(points, level)} />
        ))}
      </svg>
    </figure>
  )
}
