import { stageLabel, type RunView, type SimulationReport } from '#libs/contracts'
import type { JSX } from 'preact'
import { None } from '../layout/absent.js'
import { Digest } from '../layout/parts.js'
import { VerdictTag, wordsFirst } from '../layout/state-words.js'
import { valueOf, type Read } from '../reading/answer.js'
import { CanaryView, type CanaryEvidence } from './canary-view.js'

type RunEvidence = { simulation?: SimulationReport; canary?: CanaryEvidence }

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
    <>
      <dl class="facts">
        {judged.map((stage) => (
          <div key={stage.stage}>
            <dt>{stageLabel(stage)}</dt>
            <dd>
              <VerdictTag stage={stage} state={run.state} /> {wordsFirst(stage.detail)}
              {stage.stage === 'simulate' && simulation !== undefined && simulation.reportDigest !== null ? (
                <p>
                  <a href={`/v1/simulations/${run.run}`}>Report of the replay</a>, whose bytes have the digest{' '}
                  <Digest digest={simulation.reportDigest} />
                </p>
              ) : null}
              {stage.stage === 'simulate' && simulation?.progress ? (
                <p>{`Replaying: ${simulation.progress.done} of ${simulation.progress.total} programs done`}</p>
              ) : null}
            </dd>
          </div>
        ))}
      </dl>
      {canary === undefined ? null : <CanaryView canary={canary} run={run} />}
    </>
  )
}
