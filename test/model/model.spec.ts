import { describe, expect, it } from 'vitest'
import { decideCanary, decideRollout, type Canary } from '#libs/pipeline'
import { deep } from '../support/deep.config.js'
import { canaryModel } from './canary-model.js'
import { describeExplored, explore, type Bounds, type Explored, type Model } from './explore.js'
import { pressModel } from './press-model.js'
import { rolloutModel } from './rollout-model.js'
import { LATER } from './samples.js'

const STEPS = [
  { share: 500, scope: 'region:NCR', scopeName: 'NCR' },
  { share: 10_000, scope: 'region:NCR', scopeName: 'NCR' },
  { share: 2_500, scope: 'region:*', scopeName: 'all regions' },
]

/** Ten seconds of a processor, which a busy machine may share among many. */
const PATIENCE_MS = 300_000

/** Where alerts come before the store's word, two canaries have so many states that to walk them all takes minutes: the deep tests do. */
const EVERY_DAY: Bounds | undefined = deep ? undefined : { depth: 40, states: 15_000 }

function walked<State>(name: string, model: Model<State>, bounds?: Bounds): Explored {
  const explored = explore(model, bounds)
  process.stdout.write(`${describeExplored(name, explored)}\n`)
  return explored
}

describe('every state that a stage can reach', { timeout: PATIENCE_MS }, () => {
  it('of a canary of one policy breaks no law', () => {
    const { broken, isComplete, states } = walked('canary of a policy', canaryModel(['air-limit']))
    expect(broken).toBeUndefined()
    expect(isComplete).toBe(true)
    expect(states).toBeGreaterThan(500)
  })

  it('of a canary of two policies breaks no law', () => {
    const { broken, isComplete, states } = walked('canary of two policies', canaryModel(), EVERY_DAY)
    expect(broken).toBeUndefined()
    expect(isComplete).toBe(deep)
    expect(states).toBeGreaterThan(10_000)
  })

  it.each([
    ['in one region', STEPS.slice(0, 2)],
    ['from a region to all', STEPS.slice(1)],
    ['from a region to another', [STEPS[0]!, { share: 500, scope: 'region:VA', scopeName: 'VA' }]],
  ])('of a canary in two steps %s breaks no law', (where, steps) => {
    const model = canaryModel(['air-limit'], decideCanary, steps)
    const { broken, isComplete, states } = walked(`canary in two steps ${where}`, model, EVERY_DAY)
    expect(broken).toBeUndefined()
    expect(isComplete).toBe(deep)
    expect(states).toBeGreaterThan(10_000)
  })

  it('of a canary in three steps breaks no law within 14 steps', () => {
    const { broken, depth } = walked('canary in three steps', canaryModel(['air-limit'], decideCanary, STEPS), {
      depth: 14,
      states: 15_000,
    })
    expect(broken).toBeUndefined()
    expect(depth).toBeGreaterThan(8)
  })

  it('of a rollout breaks no law, now or later', () => {
    const now = walked('rollout of two policies', rolloutModel())
    const later = walked('rollout of a policy that takes effect later', rolloutModel({ policies: ['air-limit'], later: ['air-limit'] }))
    const both = walked('rollout of two policies of which one takes effect later', rolloutModel({ later: ['air-limit'] }))
    for (const { broken, isComplete, states } of [now, later, both]) {
      expect(broken).toBeUndefined()
      expect(isComplete).toBe(true)
      expect(states).toBeGreaterThan(100)
    }
  })
})

describe('approver, canary and rollout together', { timeout: PATIENCE_MS }, () => {
  it('break no law whatever is read late, twice or never', () => {
    const { broken, depth } = walked('press of a bundle of two policies', pressModel(), { depth: 14, states: 15_000 })
    expect(broken).toBeUndefined()
    expect(depth).toBeGreaterThan(5)
  })
})

describe('a decider that is broken', { timeout: PATIENCE_MS }, () => {
  it('is found, with the shortest way to it: a paused canary that its timer lets through', () => {
    const decide: typeof decideCanary = (canary, input, context) => {
      const isHasty = canary.state === 'paused' && input.type === 'due' && input.timer === 'observe'
      const given: Canary = isHasty
        ? { ...canary, state: 'observing', members: canary.members.map((each) => ({ ...each, heard: true })) }
        : canary
      return decideCanary(isHasty ? { ...given, observed: false, remainingMs: undefined } : given, input, context)
    }
    const { broken } = explore(canaryModel(['air-limit'], decide))
    expect(broken?.law).toMatch(/^a paused run/)
    expect([broken?.path.length, broken?.path.at(-1)]).toEqual([3, 'observe timer'])
  })

  it('is found where it counts the silent as present', () => {
    const decide: typeof decideRollout = (rollout, input, context) => decideRollout({ ...rollout, quorum: 0 }, input, context)
    const lax: typeof decideRollout = (rollout, input, context) => {
      const { state, effects } = decide(rollout, input, context)
      return { state: { ...state, quorum: rollout.quorum }, effects }
    }
    const { broken } = explore(rolloutModel({ policies: ['air-limit'] }, lax))
    expect(broken?.law).toBe('growth of scope while a consumer is silent')
    expect(broken!.path[0]).toBe('opened')
  })

  it('is found where a newer release reverts a bundle of which another policy is in force', () => {
    const hasty: typeof decideRollout = (rollout, input, context) => {
      const isSuperseding = input.type === 'decisionReceived' && input.decision.decision === 'supersede'
      if (!isSuperseding || rollout.state !== 'holding') return decideRollout(rollout, input, context)
      const members = rollout.members.map((member) => ({ ...member, beginsAt: LATER }))
      return decideRollout({ ...rollout, members }, input, context)
    }
    const { broken } = explore(rolloutModel({ later: ['air-limit'] }, hasty))
    expect([broken?.law, broken?.path.at(-1)]).toEqual(['superseded what is in force', 'person: supersede'])
  })

  it('is found where stages disagree: a rollout that follows a canary that was rolled back', () => {
    const canary: typeof decideCanary = (given, input, context) => {
      const { state, effects } = decideCanary(given, input, context)
      // It never reports that its cohort alerts after all.
      return { state, effects: effects.filter((effect) => !(effect.do === 'takeBack' && given.state === 'passed')) }
    }
    const { broken } = explore(pressModel({ canary, rollout: decideRollout }), { depth: 14, states: 60_000 })
    expect(broken?.law).toBe('shown to a cohort under a canary that failed or ended')
    expect(broken!.path.at(-1)).toMatch(/alerts|promoted/)
  })
})
