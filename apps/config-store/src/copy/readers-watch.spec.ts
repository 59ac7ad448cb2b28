import { afterEach, beforeEach, expect, it } from 'vitest'
import { peekPredicate } from '#libs/contracts'
import { nextRoster, signRoster, type RosterPredicate } from '#libs/signing'
import { storeRoster } from '#libs/service'
import { DocumentCopy } from './document-copy.js'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
  await harness.stored(await harness.head())
})
afterEach(() => harness.stop())

/** Sends rollout's next statement on the heads of these policies. */
const vouch = async (...policies: string[]): Promise<void> => {
  harness.clock.advanceTo(harness.clock.now().getTime() + 10_000)
  const heads = [POLICY, ...policies].map((policy) => ({ policy, seq: 1, current: digestOfRelease('1.0.0', policy) }))
  await harness.vouch(heads, harness.clock.now())
  await harness.settle()
}
const rotate = async (change: (next: RosterPredicate) => void): Promise<void> => {
  const { roster, rosters, database } = harness.runtime
  const next = structuredClone(peekPredicate<RosterPredicate>(roster.envelope))
  Object.assign(next, { version: next.version + 1, installation: roster.installation })
  change(next)
  const envelope = await signRoster(
    next,
    ['EPA Counsel', 'Air Office'].map((name) => harness.identity.people.get(name)!),
  )
  await database.transaction((tx) => storeRoster(tx, nextRoster(roster, envelope), rosters, harness.runtime.signals))
  await harness.settle()
}
const official = ({ roles }: RosterPredicate) => roles.find(({ match }) => match.all)!
const gauge = async (): Promise<string> => (await fetch(`${harness.url}/metrics`)).text()

it('verifies the documents that changed, and all others once for each roster', async () => {
  await vouch()
  const { document } = harness.host.app.get(DocumentCopy, { strict: false }).documentsOf(POLICY)[0]!
  let verified = 0
  const { proof } = document
  Object.defineProperty(document, 'proof', { get: () => (verified++, proof) })
  await harness.stored(await harness.head({ policy: 'another-limit' }))
  await vouch('another-limit')
  expect(verified).toBe(0)
  await rotate((next) => void (official(next).threshold = 2))
  await vouch('another-limit')
  expect(verified).toBe(1)
  expect(await gauge()).toMatch(/^hms_svc_releases_refused_by_readers\S* 2$/m)
})

it('reports releases that readers refuse by the roster in force, until they accept them', async () => {
  await vouch()
  expect(harness.runtime.concerns.all).toEqual([])
  await rotate((next) => void (official(next).threshold = 2))
  await vouch()
  expect(harness.runtime.concerns.all).toEqual([
    expect.stringMatching(
      new RegExp(`readers refuse .*${POLICY}@1.0.0 lacks approval by official.*next: hms-svc rollback ${POLICY}@1.0.0 --sign NAME`),
    ),
  ])
  expect(await gauge()).toMatch(/^hms_svc_releases_refused_by_readers\S* 1$/m)
  await rotate((next) => void (official(next).threshold = 1))
  await vouch()
  expect(harness.runtime.concerns.all).toEqual([])
})
