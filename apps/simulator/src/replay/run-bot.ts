import type { QuickJSWASMModule } from 'quickjs-emscripten'
import type { BotAnswers, RunAnswers } from './classify.js'
import { BATCH, type SandboxLimits } from './limits.js'
import type { PoliciesInForce, Reading } from './reading.js'
import { ReplayError } from './replay-error.js'
import { BotSandbox, type Stop } from './sandbox.js'
import type { ScenarioInputs } from './scenario-inputs.js'

/** Inputs as the sandbox takes them, encoded once for all bots. */
export interface Batch {
  json: string
  count: number
}

export function batchesOf(inputs: readonly Reading[]): Batch[] {
  const batches: Batch[] = []
  let part: string[] = []
  let chars = 0
  const close = () => {
    if (part.length) batches.push({ json: `[${part.join(',')}]`, count: part.length })
    part = []
    chars = 0
  }
  for (const reading of inputs) {
    const json = JSON.stringify(reading)
    if (part.length === BATCH.readings || chars + json.length > BATCH.chars) close()
    part.push(json)
    chars += json.length
  }
  close()
  return batches
}

export interface SandboxHost {
  quickjs: QuickJSWASMModule
  limits: SandboxLimits
  expired: () => boolean
}

/**
 * One bot over one scenario, in one sandbox: old policy twice, then the new policy. `intact` is false when the WebAssembly
 * instance itself failed and must be thrown away: its memory may be damaged.
 */
export function runBot(host: SandboxHost, source: string, inputs: ScenarioInputs, batches: Batch[]): { answers: BotAnswers; intact: boolean } {
  let answers = neverRan({ kind: 'crashed', message: 'the sandbox failed under this bot' })
  try {
    const sandbox = new BotSandbox(host.quickjs, host.limits, host.expired)
    answers = runsOf(sandbox, source, inputs, batches)
    // Not in a `finally`: after a failure of the instance, disposing fails as well. When only this fails (QuickJS asserts
    // that nothing leaked, and some exhausted bots make it leak), the answers stand.
    sandbox.dispose()
    return { answers, intact: true }
  } catch (error) {
    if (error instanceof ReplayError) throw error
    return { answers, intact: false }
  }
}

function runsOf(sandbox: BotSandbox, source: string, inputs: ScenarioInputs, batches: Batch[]): BotAnswers {
  const loaded = sandbox.load(source)
  if ('stop' in loaded) return neverRan(loaded.stop)
  const reads = new Set(loaded.policies)
  const runs: RunAnswers[] = []
  for (const [index, side] of (inputs.before ? [inputs.before, inputs.before, inputs.after] : [inputs.after]).entries()) {
    const run = oneRun(sandbox, index + 1, side.policies, batches, reads)
    runs.push(run)
    if (run.stop) break
  }
  return { concerned: inputs.policies.some((id) => reads.has(id)), runs }
}

function oneRun(sandbox: BotSandbox, seed: number, policies: PoliciesInForce, batches: Batch[], reads: Set<string>): RunAnswers {
  let verdicts = ''
  let alerts = ''
  const begun = sandbox.begin(seed, JSON.stringify(policies))
  if (begun) return { verdicts, alerts, stop: begun }
  for (const batch of batches) {
    const answer = sandbox.judge(batch.json, batch.count)
    verdicts += answer.verdicts
    alerts += answer.alerts
    for (const id of answer.reads) reads.add(id)
    if (answer.stop) return { verdicts, alerts, stop: answer.stop }
  }
  return { verdicts, alerts }
}

/** A module that does not load declares nothing; it counts as concerned, because nobody can say that it is not. */
function neverRan(stop: Stop): BotAnswers {
  return { concerned: true, runs: [{ verdicts: '', alerts: '', stop }] }
}
