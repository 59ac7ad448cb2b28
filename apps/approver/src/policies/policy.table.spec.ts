import { expect, it } from 'vitest'
import type { ReleaseDocument } from '#libs/contracts'
import { withoutScheduled, newPolicy, predecessorOf } from './policy.table.js'

const release = (version: string) => ({ version }) as ReleaseDocument
const AT = Date.parse('2026-02-01T00:00:00Z')

it('predecessorOf returns the held release if it comes into force before the new one, else the live release', () => {
  const [live, held] = [release('1.0.0'), release('2.0.0')]
  const policy = { ...newPolicy('pm25'), live, next: { release: held, at: new Date(AT).toISOString() } }
  expect([predecessorOf(policy, AT + 1), predecessorOf(policy, AT), predecessorOf(policy, AT - 1)]).toEqual([held, live, live])
  expect([predecessorOf({ ...newPolicy('pm25'), live }, AT), predecessorOf(newPolicy('pm25'), AT)]).toEqual([live, null])
})

it('heldNoMore drops the held release, unless the event is older or names another release', () => {
  const held = { version: '2.0.0', releaseDigest: 'sha256:held' } as ReleaseDocument
  const policy = { ...newPolicy('pm25'), live: release('1.0.0'), liveSeq: 5, next: { release: held, at: new Date(AT).toISOString() } }
  const { next: _next, ...without } = policy
  expect([withoutScheduled(policy, 'sha256:held', 5), withoutScheduled(policy, 'sha256:held', 6)]).toEqual([without, without])
  for (const same of [withoutScheduled(policy, 'sha256:held', 4), withoutScheduled(policy, 'sha256:other', 5)]) expect(same).toBe(policy)
  expect(withoutScheduled(without, 'sha256:held', 5)).toBe(without)
})
