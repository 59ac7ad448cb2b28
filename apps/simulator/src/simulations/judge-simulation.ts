import type { ReplayScore } from '../replay/score.js'

export type SimulationVerdict =
  | { do: 'pass'; summary: string }
  | { do: 'fail'; reason: string; detail: string; next: string[] }
  | { do: 'pause'; reason: string; detail: string; next: string[] }

/** The stage's word on a score. No evidence is no pass outside dev; in dev the run goes on and says so. Contract §7. */
export function judgeSimulation(score: ReplayScore, profile: 'dev' | 'production'): SimulationVerdict {
  if (score.verdict === 'PASS') return { do: 'pass', summary: score.summary }
  if (score.verdict === 'FAIL') {
    const bot = score.bots.STALE?.[0] ?? score.bots.CRASHED?.[0] ?? score.bots.WRONG?.[0] ?? 'ID'
    return { do: 'fail', reason: score.reason ?? 'BELOW_THRESHOLD', detail: score.summary, next: [`hms-svc bots add FILE --id ${bot}`] }
  }
  const lack = score.reason === 'NO_DISCRIMINATING_INPUT' ? `NO_EVIDENCE: no input tells the new policy from the old; ${score.summary}` : score.summary
  if (profile === 'dev') return { do: 'pass', summary: lack }
  return { do: 'pause', reason: score.reason ?? 'NO_EVIDENCE', detail: lack, next: ['hms-svc scenarios add FILE', 'hms-svc bots add FILE --id ID'] }
}

/** The score of a run that has nothing to replay. */
export function emptyScore(summary: string, firstVersion: boolean): ReplayScore {
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
    summary: `NO_EVIDENCE: ${summary}${firstVersion ? '; first version' : ''}`,
  }
}
