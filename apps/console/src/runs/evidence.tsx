import { stageLabel, type CanaryFigures, type RunView, type SimulationReport } from '#libs/contracts'
import type { JSX } from 'preact'
import { None } from '../layout/absent.js'
import { count, Digest, Moment, Table } from '../layout/parts.js'
import { valueOf, type Read } from '../reading/answer.js'

/** Members of the response of `GET /v1/canaries/{run}` that a page shows. */
interface CanaryEvidence {
  scope: string
  /** Heads of earlier steps that are still published. */
  earlier?: readonly { scope: string }[]
  publishedAt: string | null
  observeUntil: string | null
  alerts: number
  unexplained: readonly unknown[]
  figures?: CanaryFigures | null
}

export interface RunEvidence {
  simulation?: SimulationReport
  canary?: CanaryEvidence
}

/** Reads the evidence of the replay and of the canary, each only if the run has begun that stage. */
export async function readEvidence(read: Read, { run, stages }: RunView): Promise<RunEvidence> {
  const begun = (name: string): boolean => stages.some(({ stage, startedAt }) => stage === name && startedAt !== null)
  const [simulation, canary] = await Promise.all([
    begun('simulate') ? read<SimulationReport>(`/v1/simulations/${run}`) : undefined,
    begun('canary') ? read<CanaryEvidence>(`/v1/canaries/${run}`) : undefined,
  ])
  return { simulation: simulation && valueOf(simulation), canary: canary && valueOf(canary) }
}

/** Verdict of each stage, with the evidence for it. */
export function Evidence({ run, evidence: { simulation, canary } }: { run: RunView; evidence: RunEvidence }): JSX.Element {
  const judged = run.stages.filter(({ startedAt }) => startedAt !== null)
  if (judged.length === 0) return <None>No stage has judged it yet.</None>
  return (
    <dl class="facts">
      {judged.map((stage) => (
        <div key={stage.stage}>
          <dt>{stageLabel(stage)}</dt>
          <dd>
            {stage.detail === '' ? stage.verdict : `${stage.verdict}: ${stage.detail}`}
            {stage.stage === 'simulate' && simulation !== undefined && simulation.reportDigest !== null ? (
              <p>
                <a href={`/v1/simulations/${run.run}`}>Report of the replay</a>, whose bytes have the digest{' '}
                <Digest digest={simulation.reportDigest} />
              </p>
            ) : null}
            {stage.stage === 'simulate' && simulation?.progress ? (
              <p>
                Replaying: {simulation.progress.done} of {simulation.progress.total} programs done
              </p>
            ) : null}
            {stage.stage === 'canary' && canary !== undefined ? <CanaryFacts canary={canary} run={run.run} /> : null}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function CanaryFacts({ canary, run }: { canary: CanaryEvidence; run: number }): JSX.Element {
  const { scope, earlier = [], alerts, unexplained, publishedAt, observeUntil, figures } = canary
  return (
    <>
      <p>
        Scope {scope}
        {earlier.length === 0 ? '' : `, beside ${[...new Set(earlier.map((step) => step.scope))].join(', ')}`}. Live since{' '}
        <Moment at={publishedAt} />, watched until <Moment at={observeUntil} exact />. <a href={`/v1/canaries/${run}`}>As JSON</a>
      </p>
      <p>
        <Meter label="Unexplained alerts" value={unexplained.length} max={2} /> {unexplained.length} of {count(alerts, 'alert')}{' '}
        unexplained; two of different bots end the canary.
      </p>
      {figures == null ? null : <Comparison figures={figures} />}
    </>
  )
}

/** Cohort and control side by side, the evidence against its limit, and the statistical power of the canary. */
function Comparison({ figures }: { figures: CanaryFigures }): JSX.Element {
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
      <p>
        <Meter label="Evidence of a higher rate" value={evidence} max={limit} /> Evidence of a higher rate {evidence.toFixed(1)}; the canary
        fails at {limit}. At equal rates the cohort would have raised {expected.toFixed(1)}.
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

function Meter({ label, value, max }: { label: string; value: number; max: number }): JSX.Element {
  return <meter aria-label={label} min={0} max={max} value={Math.min(value, max)} />
}
