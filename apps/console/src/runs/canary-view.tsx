import { isTerminal, type CanaryFigures, type CanaryPoint, type PassedStep, type RampStep, type RunView } from '#libs/contracts'
import type { JSX } from 'preact'
import { count, Moment, Table } from '../layout/parts.js'
import { CanaryCharts } from './canary-chart.js'

/** Members of the response of `GET /v1/canaries/{run}` that a page shows. */
export interface CanaryEvidence {
  steps?: readonly RampStep[]
  passed?: readonly PassedStep[]
  publishedAt: string | null
  observeUntil: string | null
  observeMs?: number
  alerts: number
  unexplained: readonly { bot: string }[]
  figures?: CanaryFigures | null
  series?: readonly CanaryPoint[]
}

/** Ramp, hard guard, cohort beside control, evidence over time, and power of a canary. */
export function CanaryView({ canary, run }: { canary: CanaryEvidence; run: RunView }): JSX.Element {
  const { alerts, publishedAt, observeUntil, figures, series = [] } = canary
  const found = canary.unexplained.length
  const bots = new Set(canary.unexplained.map(({ bot }) => bot)).size
  return (
    <>
      <Ramp canary={canary} run={run} />
      <p>
        Live since <Moment at={publishedAt} />
        {isTerminal(run.state) || observeUntil === null ? '' : [', watched until ', <Moment at={observeUntil} exact />]}.{' '}
        <a href={`/v1/canaries/${run.run}`}>As JSON</a>
      </p>
      <p>
        Hard guard: <Meter label="Bots with unexplained alerts" value={bots} max={2} isJudged /> {found} of {count(alerts, 'alert')}{' '}
        unexplained, from {count(bots, 'bot')}; two bots end the canary.
      </p>
      {figures == null ? null : <Comparison figures={figures} series={series} />}
    </>
  )
}

/** Steps of the ramp and the rollout after them; the present one is filled. */
function Ramp({ canary: { steps = [], passed = [] }, run: { state, stages } }: { canary: CanaryEvidence; run: RunView }): JSX.Element {
  const verdictOf = (name: string): string => stages.find(({ stage }) => stage === name)?.verdict ?? 'PENDING'
  const [canary, rollout] = [verdictOf('canary'), verdictOf('rollout')]
  const present = canary === 'PASS' ? steps.length + (rollout === 'PASS' ? 1 : 0) : Math.min(passed.length, steps.length - 1)
  const [now, next] = isTerminal(state) ? ['ended here', 'not reached'] : ['now', 'next']
  return (
    <ol class="ramp" aria-label="Steps of the ramp">
      {[...steps.map(({ share, scopeName }) => `${share / 100} % of ${scopeName}`), 'All bots'].map((name, at) => (
        <li key={at} class={at < present ? 'ramp--passed' : undefined} aria-current={at === present ? 'step' : undefined}>
          {name} <span>{at < present ? 'passed' : at === present ? now : next}</span>
        </li>
      ))}
    </ol>
  )
}

/** Cohort and control side by side, the evidence against its limit, and the statistical power of the canary. */
function Comparison({ figures, series }: { figures: CanaryFigures; series: readonly CanaryPoint[] }): JSX.Element {
  const { evidence, limit, power, isDoublingExcluded, lacks, load, expected } = figures
  const groups = [
    { name: 'Cohort', bots: figures.cohort, hours: figures.cohortHours, alerts: figures.cohortAlerts },
    { name: 'Control', bots: figures.control, hours: figures.controlHours, alerts: figures.controlAlerts },
  ].map((group) => ({ ...group, rate: group.hours === 0 ? 0 : group.alerts / group.hours }))
  const most = Math.max(...groups.map(({ rate }) => rate), Number.MIN_VALUE)
  return (
    <>
      <Table
        caption="Unexplained alerts of cohort and control"
        head={['Group', 'Bots', 'Bot-hours', 'Alerts', 'Alerts per bot-hour']}
        rows={groups.map(({ name, bots, hours, alerts, rate }) => [
          name,
          <td class="number">{bots}</td>,
          <td class="number">{hours.toFixed(2)}</td>,
          <td class="number">{alerts}</td>,
          [<Meter label={`Rate of the ${name.toLowerCase()}`} value={rate} max={most} />, ` ${rate.toFixed(2)}`],
        ])}
      />
      <CanaryCharts points={series} limit={limit} />
      <p>
        <Meter label="Evidence of a higher rate" value={evidence} max={limit} isJudged /> Evidence of a higher rate {evidence.toFixed(1)};
        the canary fails at {limit}. At equal rates the cohort would have raised {expected.toFixed(1)}. Bots counted{' '}
        <Moment at={figures.countedAt} exact />.
      </p>
      <p>
        {powerText(power)}
        {isDoublingExcluded ? '; a doubling is excluded' : '; too little to exclude a doubling'}.
        {load === undefined
          ? null
          : ` With explained ones the cohort raised ${load.alerts}; the replay predicts at most ${load.predicted.toFixed(1)}.`}
        {lacks.length === 0 ? null : ` The figures are unreliable: ${lacks.join(', ')}.`}
      </p>
    </>
  )
}

/** Returns a sentence about the statistical power of the canary, without a full stop. */
export function powerText(power: number): string {
  return `It could have seen a doubling in ${Math.floor(power * 100)} of 100 cases`
}

/** A bar from 0 to `max`. `isJudged`: green, amber from the middle on, and red at `max`, where the canary fails. */
function Meter({ label, value, max, isJudged }: { label: string; value: number; max: number; isJudged?: true }): JSX.Element {
  const levels = isJudged && { optimum: 0, low: max * 0.49, high: max * 0.99 }
  return <meter aria-label={label} min={0} max={max} value={Math.min(value, max)} {...levels} />
}
