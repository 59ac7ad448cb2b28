import type { ScenarioRule } from '#libs/contracts'
import { GOOD_CLASSES, type BotClass, type ReplayScore, type SimulationVerdict } from '#libs/pipeline'
import { hexOf, scenarioSubject, type TestResult } from '#libs/signing'

/** Version of the replay semantics; raised when the same bots and readings would give another result. */
const REPLAY = 'https://hms-svc.dev/replay/v1'

/**
 * Builds a replay's in-toto test result. A test is a bot; the scenarios are its configuration, which also includes the report by its
 * digest.
 */
export function simulationResultOf(
  verdict: SimulationVerdict['do'],
  score: ReplayScore,
  scenarios: readonly ScenarioRule[],
  reportDigest: string | null,
): TestResult {
  const bots = (which: (name: BotClass) => boolean): string[] =>
    (Object.entries(score.bots) as [BotClass, string[]][])
      .filter(([name]) => which(name))
      .flatMap(([, ids]) => ids)
      .sort()
  const good = bots((name) => GOOD_CLASSES.includes(name))
  const bad = bots((name) => !GOOD_CLASSES.includes(name))
  const failed = verdict === 'fail'
  return {
    result: failed ? 'FAILED' : verdict === 'pass' && score.verdict === 'PASS' ? 'PASSED' : 'WARNED',
    configuration: [
      { name: 'replay', uri: REPLAY },
      ...scenarios.map(scenarioSubject),
      ...(reportDigest === null ? [] : [{ name: 'report', digest: { sha256: hexOf(reportDigest) } }]),
    ],
    passedTests: good,
    warnedTests: failed ? [] : bad,
    failedTests: failed ? bad : [],
  }
}
