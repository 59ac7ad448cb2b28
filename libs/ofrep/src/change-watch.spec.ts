import { expect, it } from 'vitest'
import { ChangeWatch } from '#libs/evaluation'
import { VirtualClock } from '#libs/platform/testing'
import { heldDocument, FakeHeldPolicies, NOW } from './testing/held.js'

const stable = heldDocument('pm25', { version: '1.5.0' })
const canary = (revision: number, expires: string) =>
  heldDocument('pm25', {
    version: '2.0.0',
    scope: 'region:NCR',
    revision,
    firstRevision: 2,
    canary: { base: stable.head.current, expires },
  })

function watched(copy: FakeHeldPolicies): {
  clock: VirtualClock
  notifications: () => number
  watch: ChangeWatch
  advance: (ms: number) => void
} {
  const clock = new VirtualClock('2026-01-01T00:00:00Z')
  let count = 0
  const watch = new ChangeWatch(copy, clock, () => void count++)
  const advance = (ms: number): void => {
    copy.now = clock.now().getTime() + ms
    clock.advanceTo(copy.now)
  }
  return { clock, watch, notifications: () => count, advance }
}

it('notifies when a policy is new, split by a canary or withdrawn, and not otherwise', () => {
  const copy = new FakeHeldPolicies().set(stable)
  const { watch, notifications } = watched(copy)
  watch.check()
  expect(notifications()).toBe(0)
  copy.set(heldDocument('ozone'))
  watch.check(['ozone'])
  expect(notifications()).toBe(1)
  copy.set(stable, canary(2, '2026-01-01T00:02:00Z'))
  watch.check(['pm25'])
  expect(notifications()).toBe(2)
  copy.set({ ...stable, value: null })
  watch.check(['pm25'])
  expect(notifications()).toBe(3)
})

it('notifies when an earlier release returns, although only its first revision differs', () => {
  const copy = new FakeHeldPolicies().set(heldDocument('pm25', { version: '1.5.0', revision: 1, firstRevision: 1 }))
  const { watch, notifications } = watched(copy)
  copy.set(heldDocument('pm25', { version: '1.5.0', revision: 6, firstRevision: 6 }))
  watch.check(['pm25'])
  expect(notifications()).toBe(1)
})

it('does not notify when a lease is renewed, and notifies when a lease expires', () => {
  const copy = new FakeHeldPolicies().set(stable, canary(2, '2026-01-01T00:02:00Z'))
  const { watch, notifications, advance } = watched(copy)
  advance(60_000)
  copy.set(stable, canary(3, '2026-01-01T00:03:00Z'))
  watch.check(['pm25'])
  advance(90_000)
  expect(notifications()).toBe(0)
  advance(31_000)
  expect(notifications()).toBe(1)
})

it('notifies within 250 ms after the effective time of a scheduled release', () => {
  const copy = new FakeHeldPolicies().set(heldDocument('pm25', { next: { at: NOW + 30 * 24 * 3_600_000, version: '2.0.0' } }))
  const { notifications, advance } = watched(copy)
  for (let day = 0; day < 30; day++) advance(24 * 3_600_000)
  expect(notifications()).toBe(0)
  advance(250)
  expect(notifications()).toBe(1)
})
