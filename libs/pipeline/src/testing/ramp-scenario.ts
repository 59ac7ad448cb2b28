import type { CoverageReport, PublishedHead, RampStep, RunDossier } from '#libs/contracts'
import { ALL_REGIONS } from '#libs/policy'
import { newCanary, type Canary } from '../canary/canary.js'
import { decideCanary } from '../canary/decide.js'
import type { CanaryEffect, CanaryInput } from '../canary/inputs-and-effects.js'
import { headsOf, withHeads } from '../canary/members.js'
import { CANARY_CONTEXT, DOSSIER, NOW, ORIGIN, POLICY } from './samples.js'

export const NCR = 'region:NCR'
export const STEPS: RampStep[] = [
  { share: 500, scope: NCR, scopeName: 'NCR' },
  { share: 10_000, scope: NCR, scopeName: 'NCR' },
  { share: 2_500, scope: ALL_REGIONS, scopeName: 'all regions' },
]
export const FREEZE = { id: 'election-week', reason: 'polling stations report', until: null }

function dossierOf(ramp: readonly RampStep[]): RunDossier {
  const { share, scope, scopeName } = ramp[0]!
  return { ...DOSSIER, plan: { ...DOSSIER.plan, share, scope, scopeName, ramp: [...ramp] } }
}

/** Drives a canary through a ramp. Keeps the effects of the last input, and numbers issued heads as canary-controller does. */
export class RampScenario {
  canary: Canary
  effects: readonly CanaryEffect[] = []
  private seq = 0

  constructor(ramp: readonly RampStep[] = STEPS) {
    const dossier = dossierOf(ramp)
    this.canary = newCanary(dossier, { ...ORIGIN, dossier, scenarios: [] }, { now: NOW, begins: new Map() })
    this.input({ type: 'opened', dossier, isProven: true, frozen: null })
  }

  input(input: CanaryInput, context = CANARY_CONTEXT): this {
    const { state, effects } = decideCanary(this.canary, input, context)
    this.canary = effects.reduce((given, effect) => (effect.do === 'issueHeads' ? this.issued(given) : given), state)
    this.effects = effects
    return this
  }

  private issued(canary: Canary): Canary {
    return withHeads(
      canary,
      headsOf(canary).map((head) => ({ ...head, seq: ++this.seq })),
    )
  }

  /** config-store stored the heads of the step. `connected`: bots in its scope. `cohort`: bots below its share. */
  stored(connected: number, cohort = connected, smallestBucket: number | null = 12, at = NOW.toISOString()): this {
    const heads = this.canary.members.map(({ policy, seq }): PublishedHead => {
      const audience = { connected, cohort, smallestBucket: connected > 0 ? smallestBucket : null }
      return { policy, scope: this.canary.scope, seq, release: 'sha256:new', revision: 3, applied: true, audience }
    })
    return this.input({ type: 'published', heads, at })
  }

  /** Coverage by scope: expected bots, acknowledged bots, and bots outside the cohort. */
  covered(numbers: Record<string, [expected: number, acknowledged: number, control?: number]>): this {
    const scopes = headsOf(this.canary).flatMap(({ scope, seq }): CoverageReport['scopes'] => {
      const [expected, acknowledged, control = 0] = numbers[scope] ?? [0, 0]
      return [{ scope, seq, release: 'sha256:new', expected, acknowledged, control, silent: expected > acknowledged ? ['bot-1'] : [] }]
    })
    return this.input({ type: 'covered', reports: [{ policy: POLICY, revision: 3, scopes }] })
  }

  due(timer: 'observe' | 'acknowledge' | 'lease'): this {
    return this.input({ type: 'due', timer })
  }

  mayGrow(frozen: typeof FREEZE | null = null): this {
    return this.input({ type: 'mayGrow', frozen })
  }

  /** Advances to the third step: the first passed with two bots, the second with four. */
  atThird(): this {
    return this.stored(40, 2)
      .covered({ [NCR]: [2, 2, 38] })
      .due('observe')
      .mayGrow()
      .stored(4)
      .covered({ [NCR]: [4, 4] })
      .due('observe')
      .mayGrow()
  }

  kinds(): string[] {
    return this.effects.map((effect) => (effect.do === 'emit' ? effect.type : effect.do))
  }
}
