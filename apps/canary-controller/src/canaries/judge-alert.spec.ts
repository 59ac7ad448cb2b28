import { expect, it } from 'vitest'
import { newCanary, type Canary } from '#libs/pipeline'
import { bucketOf } from '#libs/policy'
import type { EventData, RunDossier } from '#libs/contracts'
import { isFromCohort, isFromControlGroup } from './judge-alert.js'

const POLICY = 'pm25'
const [FIRST, SECOND, END] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:01:00.000Z', '2026-01-01T00:02:00.000Z']
const PLAN = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 60_000, bakeMs: 0, partners: null }
const DOSSIER = { run: 1, attempt: 1, releases: [{ id: POLICY }], live: { [POLICY]: { releaseDigest: 'old' } }, plan: PLAN } as unknown

const botWhere = (isWanted: (bucket: number) => boolean): string =>
  Array.from({ length: 10_000 }, (_, index) => `bot-${index}`).find((bot) => isWanted(bucketOf(POLICY, bot)))!
const [early, late] = [botWhere((bucket) => bucket < 500), botWhere((bucket) => bucket >= 500)]

/** Creates a canary with 5 % of the region since the first step, and all of it since the second. */
function canaryOf(more: Partial<Canary> = {}): Canary {
  const dossier = DOSSIER as RunDossier
  const origin = { key: POLICY, causationId: '', traceparent: null, dossier, scenarios: [] }
  const fresh = newCanary(dossier, origin, { now: new Date(FIRST), begins: new Map() })
  const shown = [
    { share: 500, since: FIRST },
    { share: 10_000, since: SECOND },
  ]
  const members = fresh.members.map((member) => ({ ...member, share: 10_000, shown }))
  return { ...fresh, state: 'observing', publishedAt: FIRST, leaseUntil: END, members, ...more }
}

function alertOf(bot: string, receivedAt: string, region = 'NCR'): EventData['hms.alert.reported.v1'] {
  return { id: 'a', bot, region, kind: 'Violation', reading: null, value: null, receivedAt, connected: true, ofRun: null }
}

it("counts a bot from the step on that added the bot to the cohort, and only in the canary's region", () => {
  const canary = canaryOf()
  expect([
    isFromCohort(canary, alertOf(early, FIRST)),
    isFromCohort(canary, alertOf(late, FIRST)),
    isFromCohort(canary, alertOf(late, SECOND)),
  ]).toEqual([true, false, true])
  expect(isFromCohort(canary, alertOf(early, SECOND, 'VA'))).toBe(false)
})

it('does not reject an alert whose head config-store has not reported yet', () => {
  const [member] = canaryOf().members
  const published = canaryOf({ members: [{ ...member!, shown: [{ share: 500, since: FIRST }] }] })
  expect(isFromCohort(published, alertOf(late, FIRST))).toBe(true)
})

it('counts a bot in the control group if it is in a scope of the canary, and in no cohort of that scope', () => {
  const [member] = canaryOf().members
  const watch = { bots: [] } as unknown as Canary['watch']
  const narrow = canaryOf({ watch, members: [{ ...member!, share: 500 }] })
  const of = (bot: string, region = 'NCR'): boolean => isFromControlGroup(narrow, alertOf(bot, FIRST, region))
  expect([of(late), of(early), of(late, 'VA')]).toEqual([true, false, false])
  const ofTexas = { ...member!, scope: 'region:TX', share: 500 }
  expect(isFromControlGroup({ ...narrow, earlier: [ofTexas] }, alertOf(late, FIRST, 'TX'))).toBe(true)
})

it('draws the cohort of a bundle by its smallest policy, and without `cohortKey` (canary of an earlier version) by each policy', () => {
  const releases = ['zinc', POLICY, 'ozone'].map((id) => ({ id }))
  const dossier = { ...(DOSSIER as RunDossier), releases } as unknown as RunDossier
  const origin = { key: 'ozone', causationId: '', traceparent: null, dossier, scenarios: [] }
  const fresh = newCanary(dossier, origin, { now: new Date(FIRST), begins: new Map() })
  const canary: Canary = { ...fresh, state: 'observing', publishedAt: FIRST, leaseUntil: END }
  const bots = Array.from({ length: 400 }, (_, index) => `bot-${index}`)
  const counted = ({ cohortKey, ...rest }: Canary, key = cohortKey): string[] =>
    bots.filter((bot) => isFromCohort(key === undefined ? rest : { ...rest, cohortKey: key }, { ...alertOf(bot, FIRST), policy: POLICY }))
  expect(counted(canary)).toEqual(bots.filter((bot) => bucketOf('ozone', bot) < 500))
  const { cohortKey: _key, ...earlier } = canary
  expect(counted(earlier)).toEqual(bots.filter((bot) => bucketOf(POLICY, bot) < 500))
})
