import { listed, type AlertLoad } from '#libs/contracts'
import type { BotClass } from '#libs/pipeline'
import type { BotOutcome } from './report.js'
import type { Stop } from './sandbox.js'
import type { ScenarioInputs } from './scenario-inputs.js'

const LISTED_FIELDS = 3

/** Results of one run over all inputs of a scenario; they end early if the bot was stopped. */
export interface RunAnswers {
  verdicts: string
  alerts: string
  stop?: Stop
}

export interface BotAnswers {
  /** Whether the bot declares a changed policy, or read one during a run. */
  concerned: boolean
  /** Reason why the bot was not run: it declares that it cannot read the new document. */
  incompatible?: string
  /** Two runs under the old policy, then one under the new policy; for a first version only the latter. A stopped run is the last one. */
  runs: RunAnswers[]
}

/** Returns exactly one class per bot and scenario; see `BOT_CLASSES`. */
export function classify(inputs: ScenarioInputs, { concerned, incompatible, runs }: BotAnswers): BotOutcome {
  const { before, after } = inputs
  const [first, second] = runs
  const last = before ? runs[2] : first
  const agreed = after.verdicts.filter((verdict, index) => last?.verdicts[index] === digit(verdict)).length
  if (!concerned) return { class: 'NOT_APPLICABLE', agreed }
  if (incompatible !== undefined) return { class: 'INCOMPATIBLE', agreed, message: incompatible }
  const stopped = runs.find((run) => run.stop)
  if (stopped?.stop) return { ...stoppedOutcome(inputs, stopped, stopped.stop, stopped === last), agreed }
  if (!before) return { class: 'RAN', agreed }
  if (!first || !second || !last) throw new Error('a bot that was not stopped has three runs')
  const outcome = (name: BotClass, index: number, expected: boolean | undefined, run: RunAnswers): BotOutcome => ({
    class: name,
    agreed,
    counterexample: {
      reading: inputs.inputs[index]?.id ?? '',
      expected: word(expected),
      got: word(run.verdicts[index] === '1'),
      before: word(first.verdicts[index] === '1'),
    },
  })
  if (first.verdicts !== second.verdicts) {
    const index = before.verdicts.findIndex((_, at) => first.verdicts[at] !== second.verdicts[at])
    return { ...outcome('NONDETERMINISTIC', index, before.verdicts[index], second), message: 'two runs under the old policy differ' }
  }
  if (first.alerts !== second.alerts)
    return { class: 'NONDETERMINISTIC', agreed, message: 'two runs under the old policy differ in kind or value' }
  const misses = after.verdicts.flatMap((verdict, index) => (last.verdicts[index] === digit(verdict) ? [] : [index]))
  const unchangedMiss = misses.find((index) => before.verdicts[index] === after.verdicts[index])
  if (unchangedMiss !== undefined) return outcome('WRONG', unchangedMiss, after.verdicts[unchangedMiss], last)
  const [changedMiss] = misses
  return changedMiss === undefined ? { class: 'ADAPTED', agreed } : outcome('STALE', changedMiss, after.verdicts[changedMiss], last)
}

/** Returns the indexes of inputs whose old and new verdict differ. */
export function discriminating(inputs: ScenarioInputs): number[] {
  const { before, after } = inputs
  if (!before) return []
  return after.verdicts.flatMap((verdict, index) => (verdict === before.verdicts[index] ? [] : [index]))
}

/** Returns a bot's alerts over recorded inputs, before and after; `undefined` if it was stopped or is not concerned. */
export function loadOf(inputs: ScenarioInputs, { concerned, incompatible, runs }: BotAnswers): AlertLoad | undefined {
  if (!concerned || incompatible !== undefined || runs.some((run) => run.stop)) return undefined
  const recorded = inputs.inputs.length - inputs.boundary
  const alerts = (run: RunAnswers | undefined): number => (run?.verdicts ?? '').slice(0, recorded).split('1').length - 1
  return { readings: recorded, before: inputs.before === null ? 0 : alerts(runs[0]), after: alerts(runs.at(-1)) }
}

function stoppedOutcome(inputs: ScenarioInputs, run: RunAnswers, stop: Stop, isNew: boolean): Omit<BotOutcome, 'agreed'> {
  const index = run.verdicts.length
  const reading = inputs.inputs[index]
  const side = isNew ? inputs.after : (inputs.before ?? inputs.after)
  // The bot succeeded under the old document, and the new one lacks a field, or has it with another type.
  const cannotRead = stop.kind === 'crashed' && isNew && inputs.narrowed.length > 0
  return {
    class: stop.kind === 'budget' ? 'BUDGET' : cannotRead ? 'INCOMPATIBLE' : 'CRASHED',
    message: cannotRead ? `${stop.message} (gone or of another type: ${listed(inputs.narrowed, LISTED_FIELDS)})` : stop.message,
    ...(reading ? { counterexample: { reading: reading.id, expected: word(side.verdicts[index]), got: 'nothing' } } : {}),
  }
}

function digit(verdict: boolean): string {
  return verdict ? '1' : '0'
}

function word(verdict: boolean | undefined): 'alert' | 'quiet' {
  return verdict ? 'alert' : 'quiet'
}
