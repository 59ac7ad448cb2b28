import { expect, it } from 'vitest'
import type { ApiClient } from '#libs/client'
import type { FreezeView, RunState, RunView } from '#libs/contracts'
import { holdsOf, readHolds } from './what-holds.js'

const freeze = (id: string, more: Partial<FreezeView> = {}): FreezeView =>
  ({ id, reason: 'rehearsal', scope: 'global', state: 'ACTIVE', next: null, ...more }) as FreezeView
const run = (number: number, id: string, state: RunState, more: Partial<RunView> = {}): RunView =>
  ({ run: number, state, policies: [{ id, version: '1.0.0', digest: '' }], ...more }) as RunView
const texts = (freezes: FreezeView[], runs: RunView[]): string[] => holdsOf(['pm25'], freezes, runs).map(({ detail }) => detail)

it('holdsOf names active freezes, the stop switch, runs of the same policy, and canaries of other policies', () => {
  const freezes = [freeze('quiet-week', { next: '2026-12-01T00:00:00Z' }), freeze('stop-the-line'), freeze('later', { state: 'COMING' })]
  const runs = [run(5, 'pm25', 'AWAITING_APPROVAL'), run(6, 'ozone', 'CANARY'), run(7, 'lead', 'LINTING'), run(8, 'smog', 'QUEUED')]
  expect(texts(freezes, runs)).toEqual([
    'freeze quiet-week holds changes everywhere until 2026-12-01T00:00:00Z: rehearsal',
    'freeze stop-the-line holds changes everywhere until the stop switch is off: rehearsal',
    'run #5 of pm25 has not ended (AWAITING_APPROVAL): wait behind it (--queue) or end it (--supersede)',
    "run #6 of ozone is CANARY: this change's canary waits if the regions overlap",
  ])
})

it('holdsOf ignores ended freezes, and runs of other policies that wait for their effective time', () => {
  expect(texts([freeze('over', { state: 'OVER' })], [run(6, 'ozone', 'WAITING', { reason: 'EFFECTIVE_AT' })])).toEqual([])
})

it('readHolds finds a run of the policy behind a hundred newer ones', async () => {
  const newer = Array.from({ length: 100 }, (_, at) => run(101 - at, 'ozone', 'LINTING'))
  const get = (path: string, query: { before?: number } = {}): Promise<unknown[]> =>
    Promise.resolve(path === '/v1/freezes' ? [] : query.before === 2 ? [run(1, 'pm25', 'CANARY')] : newer)
  expect(await readHolds({ get } as unknown as ApiClient, ['pm25'])).toMatchObject([{ kind: 'run', id: '1' }])
})
