import { isTerminal, type AcceptedDecision, type EventData, type RunView } from '#libs/contracts'
import { endsRun, type RunFacts } from '#libs/pipeline'
import type { Evidence } from './evidence.js'

const ANSWERS = { 'hms.run.decision-applied.v1': 'applied', 'hms.run.decision-late.v1': 'late' } as const
/** How a paused run may end without anybody's decision about it. */
const ENDS_OF_PAUSES = new Set(['PAUSE_EXPIRED', 'ROLLED_BACK', 'WITHDRAWN', 'BREAK_GLASS', 'UNEXPLAINED_ALERTS', 'POISONED', 'DECIDED'])

/** One stage answers each decision, once; an abort that was applied is the end, and nothing is applied after it. */
export function decisionsCountOnce({ emitted, runs }: Evidence): string[] {
  const found: string[] = []
  const answers = new Map<string, string[]>()
  for (const { type, data } of emitted) {
    if (!(type in ANSWERS)) continue
    const { id, run } = data as unknown as EventData['hms.run.decision-applied.v1']
    // One bundle may supersede several runs by one decision: each is answered for itself.
    const asked = `${run} ${id}`
    answers.set(asked, [...(answers.get(asked) ?? []), ANSWERS[type as keyof typeof ANSWERS]])
  }
  const stageAsked = stagesAsked(emitted)
  for (const { facts } of runs) {
    const applied = facts.decisions.filter(({ outcome }) => outcome === 'applied')
    for (const { id, decision, outcome } of facts.decisions) {
      const said = answers.get(`${facts.run} ${id}`) ?? []
      if (outcome === 'pending') found.push(`${decision} of run ${facts.run} was never answered`)
      if (said.length === 0 && isPast(facts, stageAsked.get(`${facts.run} ${id}`)))
        found.push(`${decision} of run ${facts.run} was not answered by its stage`)
      if (said.length > 1) found.push(`${decision} of run ${facts.run} was answered ${said.join(', ')}`)
      // A run that has not started has no stage that could answer.
      if (outcome === 'applied' && said[0] !== 'applied' && facts.startedAt !== undefined)
        found.push(`${decision} of run ${facts.run} counts, and its stage said ${said[0] ?? 'nothing'}`)
    }
    const abort = applied.findIndex(({ decision }) => decision === 'abort')
    if (abort >= 0 && abort < applied.length - 1) found.push(`run ${facts.run} was aborted, and then ${applied.at(-1)!.decision} counted`)
    if (abort >= 0 && facts.ended?.state !== 'ABORTED') found.push(`run ${facts.run} was aborted and ended ${facts.ended?.state}`)
  }
  return found
}

/** The stage and the attempt that each decision was about which does not end its run: that stage answers, and no other. */
function stagesAsked(emitted: Evidence['emitted']): Map<string, Pick<AcceptedDecision, 'stage' | 'attempt'>> {
  const accepted = emitted.flatMap(({ type, data }) =>
    type === 'hms.run.decision-accepted.v1' ? [data as unknown as AcceptedDecision] : [],
  )
  return new Map(accepted.filter(({ decision }) => !endsRun(decision)).map((each) => [`${each.run} ${each.id}`, each]))
}

/** The stage did its work in that attempt, so the run was there. */
function isPast({ attempt, stages }: RunFacts, asked: Pick<AcceptedDecision, 'stage' | 'attempt'> | undefined): boolean {
  return asked !== undefined && asked.stage !== null && asked.attempt === attempt && stages[asked.stage]?.verdict === 'PASS'
}

/** A paused run goes on only by a decision that was applied, and ends only by one, by its deadline, or by what takes any canary back. */
export function pausesAreAnswered({ emitted }: Evidence): string[] {
  const found: string[] = []
  const before = new Map<number, RunView>()
  const views = emitted.flatMap(({ type, data }) =>
    type === 'hms.run.changed.v1' ? [(data as unknown as EventData['hms.run.changed.v1']).view] : [],
  )
  /** The stage's answer may come behind the end that followed from it. */
  const final = new Map(views.map((view) => [view.run, countOf(view)]))
  for (const view of views) {
    const last = before.get(view.run)
    before.set(view.run, view)
    if (last?.state !== 'PAUSED' || view.state === 'PAUSED') continue
    const answered = countOf(view) > countOf(last)
    const answeredInTheEnd = final.get(view.run)! > countOf(last)
    if (isTerminal(view.state) ? !ENDS_OF_PAUSES.has(view.reason ?? '') && !answeredInTheEnd : !answered)
      found.push(`run ${view.run} left its pause as ${view.state} (${view.reason}) and nobody had decided`)
  }
  return found
}

function countOf({ decisions }: RunView): number {
  return decisions.filter(({ outcome }) => outcome === 'applied').length
}
