import { stageLabel, type CanaryFigures, type ReplayProgress, type RunView, type SimulationImpact } from '#libs/contracts'
import type { JSX } from 'preact'
import { None } from '../layout/absent.js'
import { Digest, Moment } from '../layout/parts.js'
import { valueOf, type Read } from '../reading/answer.js'

/** What of `GET /v1/simulations/{run}` a page shows. */
interface SimulationEvidence {
  state: string
  reportDigest: string | null
  progress?: ReplayProgress | null
  report?: { impact?: SimulationImpact } | null
}

/** What of `GET /v1/canaries/{run}` a page shows. */
interface CanaryEvidence {
  scope: string
  /** Of earlier steps that stay. */
  earlier?: readonly { scope: string }[]
  publishedAt: string | null
  observeUntil: string | null
  leaseUntil: string | null
  alerts: number
  unexplained: readonly unknown[]
  figures?: CanaryFigures | null
}

export interface RunEvidence {
  simulation?: SimulationEvidence
  canary?: CanaryEvidence
}

/** Asks only for what the run has come to. */
export async function readEvidence(read: Read, { run, stages }: RunView): Promise<RunEvidence> {
  const begun = (name: string): boolean => stages.some(({ stage, startedAt }) => stage === name && startedAt !== null)
  const [simulation, canary] = await Promise.all([
    begun('simulate') ? read<SimulationEvidence>(`/v1/simulations/${run}`) : undefined,
    begun('canary') ? read<CanaryEvidence>(`/v1/canaries/${run}`) : undefined,
  ])
  return { simulation: simulation && valueOf(simulation), canary: canary && valueOf(canary) }
}

/** Why each stage said what it said. */
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
  return (
    <>
      <p>
        Scope {canary.scope}
        {(canary.earlier ?? []).length === 0 ? '' : `, beside ${[...new Set(canary.earlier!.map(({ scope }) => scope))].join(', ')}`};{' '}
        {canary.alerts} alerts, {canary.unexplained.length} of them unexplained (two end it). Live since <Moment at={canary.publishedAt} />,
        watched until <Moment at={canary.observeUntil} />. <a href={`/v1/canaries/${run}`}>As JSON</a>
      </p>
      {canary.figures == null ? null : <Comparison figures={canary.figures} />}
    </>
  )
}

/** The statistics, for somebody who does not know them. */
function Comparison({ figures }: { figures: CanaryFigures }): JSX.Element {
  const { cohort, control, cohortAlerts, controlAlerts, expected, evidence, limit, power, isDoublingExcluded, lacks, load } = figures
  const beside =
    control === 0 && figures.controlHours === 0
      ? 'no bots beside it to compare with'
      : `${control} beside it, which raised ${controlAlerts}`
  return (
    <p>
      Compared: {cohort} bots in the cohort raised {cohortAlerts} unexplained alerts (one per bot and window), {beside}. At equal rates the
      cohort would have raised {expected.toFixed(1)}. Evidence of a higher rate {evidence.toFixed(1)} (it fails at {limit}). Chance of
      seeing a doubled rate {Math.floor(power * 100)}%
      {isDoublingExcluded ? '; a doubling is excluded' : '; too little to exclude a doubling'}.
      {load === undefined
        ? null
        : ` With explained ones it raised ${load.alerts}; from the replay at most ${load.predicted.toFixed(1)} were to be expected.`}
      {lacks.length === 0 ? null : ` Not to be trusted: ${lacks.join(', ')}.`}
    </p>
  )
}
