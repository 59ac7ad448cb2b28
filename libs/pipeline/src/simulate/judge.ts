import { command } from '#libs/contracts'
import { skippedNote, type Lack, type SkippedScenario } from './lack.js'
import { BOT_CLASSES, GOOD_CLASSES, type BotClass, type ReplayScore } from './score.js'

export interface JudgedScore {
  score: ReplayScore
  skipped: SkippedScenario[]
  /** Set if there was nothing to replay. */
  lack?: Lack
}

export type SimulationVerdict =
  | { do: 'pass'; summary: string }
  | { do: 'fail'; reason: string; detail: string; next: string[] }
  | { do: 'pause'; reason: string; detail: string; next: string[] }

/** Returns the verdict on a score. Missing evidence pauses the run if evidence is required; otherwise the run passes with a note. */
export function judgeSimulation({ score, skipped, lack }: JudgedScore, evidence: 'optional' | 'required'): SimulationVerdict {
  // The lack already names the skipped scenarios.
  const note = lack === undefined ? skippedNote(skipped) : ''
  const incompatible = skipped.filter((scenario) => scenario.incompatible === true)
  if (score.verdict === 'PASS' && incompatible.length === 0) return { do: 'pass', summary: score.summary + note }
  if (score.verdict === 'FAIL') {
    const next = command('bots.add', { bot: botToFix(score) ?? 'ID' })
    return { do: 'fail', reason: score.reason ?? 'BELOW_THRESHOLD', detail: score.summary + note, next: [next] }
  }
  const lacking = score.reason === 'NO_DISCRIMINATING_INPUT' ? 'NO_EVIDENCE: no discriminating input; ' : ''
  const detail = lacking + score.summary + note
  if (evidence === 'optional') return { do: 'pass', summary: detail }
  // Pauses even if all bots adapted: the canary could not explain alerts by an incompatible scenario.
  if (incompatible.length > 0) return { do: 'pause', reason: 'INCOMPATIBLE', detail, next: [command('scenarios.add')] }
  const next = lack?.next ?? [command('scenarios.add'), command('bots.add', { bot: 'ID' })]
  return { do: 'pause', reason: score.reason ?? 'NO_EVIDENCE', detail, next }
}

export function emptyScore(sentence: string, firstVersion: boolean): ReplayScore {
  return {
    verdict: 'INCONCLUSIVE',
    reason: 'NO_EVIDENCE',
    adapted: 0,
    applicable: 0,
    percent: '0.0',
    discriminating: 0,
    boundary: 0,
    firstVersion,
    bots: {},
    summary: `NO_EVIDENCE: ${sentence}${firstVersion ? '; first version' : ''}`,
  }
}

/** Returns the bot to fix first: a STALE bot before all others, because it is the usual obstacle of a new version. */
function botToFix(score: ReplayScore): string | undefined {
  const classes: BotClass[] = ['STALE', ...BOT_CLASSES.filter((name) => !GOOD_CLASSES.includes(name))]
  return classes.flatMap((name) => score.bots[name] ?? [])[0]
}
