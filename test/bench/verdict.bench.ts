import { it } from 'vitest'
import { decideCanary, excessEvidence, newCanary, shareEvidence, type Canary, type CanaryContext, type CanaryInput } from '#libs/pipeline'
import { DOSSIER, NOW, ORIGIN, POLICY, storedHead } from '../../libs/pipeline/src/testing/samples.js'
import { crossingProbability, largestThat, simulateLooks } from '../../libs/pipeline/src/testing/poisson-looks.js'
import { nowMs } from './figures.js'

const RUNS = 40_000
const ALPHA = 0.05
const BETA = 0.1
const CONTEXT: CanaryContext = {
  now: NOW,
  acknowledgeMs: 30_000,
  leaseMs: 120_000,
  measureMs: 10_000,
  evidence: 'required',
  rules: { windowMs: 60_000, alertsPerBotDay: 0 },
}

/** What a look at a canary costs, and how often looking at it all the time leads to a wrong verdict. One thread; nothing is stored. */
it('looks per second and error rates', () => {
  measure('evidence of one arm, 12 events where 4 were expected', () => excessEvidence(12, 4))
  measure('evidence of two arms, 12 of 100 events', () => shareEvidence({ canary: 12, total: 100, share: 0.05 }))
  for (const bots of [20, 2_000]) lookAt(bots)
  errorRates()
})

/** Every alert is looked at by the decider, with exposure, windows and both arms. */
function lookAt(bots: number): void {
  const observed = observing()
  const control = Array.from({ length: bots }, (_, bot): CanaryInput => {
    const alert = { bot: `other-${bot}`, once: `other-${bot} r`, receivedAt: NOW.toISOString() }
    return { type: 'controlAlerted', alert }
  })
  const crowded = control.slice(0, -1).reduce((canary, input) => decideCanary(canary, input, CONTEXT).state, observed)
  const receivedAt = NOW.toISOString()
  const said = { alert: 'a', bot: 'bot-1', reading: 'r', reason: '', once: 'bot-1 r', connected: true, explained: false, receivedAt }
  measure(`a look of the decider after ${bots} bots alerted`, () => decideCanary(crowded, { type: 'alerted', alert: said }, CONTEXT))
}

function observing(): Canary {
  const fresh = newCanary(DOSSIER, { ...ORIGIN, scenarios: [] }, { now: NOW, begins: new Map() })
  const member = { ...fresh.members[0]!, seq: 7, published: true, expected: 100, acknowledged: 100, heard: true }
  const at = NOW.toISOString()
  const canary: Canary = { ...fresh, state: 'observing', members: [member], publishedAt: at, leaseUntil: at, observeUntil: at }
  const head = { ...storedHead('region:NCR', 2_000), policy: POLICY, audience: { connected: 2_000, cohort: 100, smallestBucket: 1 } }
  return decideCanary(canary, { type: 'published', heads: [head], at }, CONTEXT).state
}

function errorRates(): void {
  const bounds = new Map<number, number>()
  const failsBy = (k: number): number => {
    if (!bounds.has(k))
      bounds.set(
        k,
        largestThat((expected) => excessEvidence(k, expected) >= 1 / ALPHA, 10 + 2 * k),
      )
    return bounds.get(k)!
  }
  const passesAt = (k: number): number => Math.log(1 / BETA) + k * Math.log(2)
  for (const rate of [1, 2, 3]) {
    const exact = crossingProbability(failsBy, { horizon: 10, rate, first: 4 })
    print(`rate x${rate}, looked at after every event to 10 expected`, `fails ${percent(exact)} (exact)`)
  }
  const guard = crossingProbability((k) => (k < 2 ? 0 : Infinity), { horizon: 10, rate: 1, first: 1 })
  print('for comparison: guard of two alone, rate x1', `fails ${percent(guard)} (exact)`)
  for (const rate of [1, 2, 3, 5]) {
    const began = nowMs()
    const { pass, fail, inconclusive } = simulateLooks({ failsBy, passesAt }, { rate, horizon: 20, runs: RUNS, seed: 7 })
    const took = `${RUNS.toLocaleString('en')} runs in ${(nowMs() - began).toFixed(0)} ms`
    print(`rate x${rate}, to 20 expected`, `passes ${percent(pass)}, fails ${percent(fail)}, open ${percent(inconclusive)} (${took})`)
  }
}

function measure(label: string, look: () => unknown): void {
  for (let warm = 0; warm < 200; warm++) look()
  const began = nowMs()
  let looks = 0
  while (nowMs() - began < 1_000) for (let turn = 0; turn < 20; turn++, looks++) look()
  print(label, `${Math.round(looks / ((nowMs() - began) / 1_000)).toLocaleString('en')} looks/s`)
}

function print(label: string, text: string): void {
  process.stdout.write(`${label.padEnd(58)} ${text}\n`)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`
}
