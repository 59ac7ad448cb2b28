import type { Envelope, JsonObject, ScenarioConsequence, Trial } from '#libs/contracts'
import { digestOf, type KeyPair, localSigner, signTrial, trialPolicies } from '#libs/signing'

/** 131 of 7,703 readings turn. */
export const MILD: ScenarioConsequence = {
  scenario: 'pm25-violation',
  corpus: 'virginia-2023',
  readings: 7703,
  before: 118,
  after: 249,
  newlyViolating: 131,
  newlyCompliant: 0,
  from: '2023-01-06',
  to: '2023-12-31',
}
export const LARGE: ScenarioConsequence = { ...MILD, after: 6118, newlyViolating: 6000 }

/** Returns simulator's statement about a trial of one policy, compared with the version in force. */
export function trialStatement(policy: JsonObject, live: JsonObject | null, key: KeyPair, scenarios = [MILD]): Promise<Envelope> {
  const about = { policies: [policy], live: live === null ? [] : [live] }
  const corpora = [{ corpus: 'virginia-2023', digest: digestOf('corpus') }]
  const statement = { policies: trialPolicies(about), corpora, reportDigest: digestOf('report'), scenarios, at: '2026-11-26T11:59:00Z' }
  return signTrial(statement, localSigner(key.privateKey))
}

const group = (name: string, before: number, after: number) => ({
  name,
  readings: 120,
  before,
  after,
  newlyViolating: Math.max(0, after - before),
  newlyCompliant: Math.max(0, before - after),
})

/** A trial with months, sites, places and other values of the limit. */
export function aTrial(more: Partial<Trial> = {}): Trial {
  const { scenario, from, to, readings, before, after } = MILD
  const place = { scenario, readings: 120 }
  return {
    verdict: 'PASS',
    detail: '100.0% bots adapted, 1/1',
    next: [],
    score: null,
    skipped: [],
    reportDigest: digestOf('report'),
    impact: {
      scenarios: [
        {
          scenario,
          from,
          to,
          readings,
          before,
          after,
          policies: ['epa-pm25-limit'],
          newlyViolating: { count: 131, ids: [] },
          newlyCompliant: { count: 0, ids: [] },
          regions: [],
          sites: [group('510030001', 2, 5), group('510591005', 3, 1)],
          months: [group('2023-05', 1, 3), group('2023-06', 110, 230)],
          lost: 0,
        },
      ],
      bots: [],
      fields: [],
    },
    places: [
      { ...place, name: '510030001', label: 'Albemarle', lat: 38.07657, lon: -78.50397, before: 2, after: 5 },
      { ...place, name: '510591005', label: 'Fairfax', lat: 38.83738, lon: -77.16338, before: 3, after: 1 },
      { ...place, name: '516500008', lat: 37.10373, lon: -76.38702, before: 4, after: 4 },
    ],
    whatIf: {
      scenario,
      policy: 'epa-pm25-limit',
      field: 'limit',
      values: [15, 20, 25, 30, 35],
      violations: [1500, 640, 249, 170, 118],
      readings: 7703,
      sites: [
        { name: '510030001', violations: [40, 12, 5, 3, 2] },
        { name: '510591005', violations: [9, 3, 1, 2, 3] },
      ],
    },
    ...more,
  }
}
