import type { BotAnswers, RunAnswers } from './classify.js'
import { BATCH, SANDBOX_LIMITS } from './limits.js'
import { onlyOf, type PoliciesInForce, type Reading } from './reading.js'
import { ReplayError } from './replay-error.js'
import { BotSandbox, type Stop } from './sandbox.js'
import type { ScenarioInputs } from './scenario-inputs.js'

/** Batch of inputs as JSON, encoded once for all bots. */
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

/** Readings for a bot. `beside`: policies in force that the change does not touch. */
export interface BotInputs {
  inputs: ScenarioInputs
  batches: Batch[]
  beside: PoliciesInForce
}

/** Runs one bot over one scenario, in one sandbox: old policy twice, then the new policy. Throws `HMS_REPLAY_DEADLINE` only. */
export async function runBot(source: string, { inputs, batches, beside }: BotInputs, expired: () => boolean): Promise<BotAnswers> {
  const sandbox = await BotSandbox.open(SANDBOX_LIMITS, expired)
  const policies = new Set<string>()
  const runs: RunAnswers[] = []
  try {
    const loaded = sandbox.load(source)
    if ('stop' in loaded) {
      runs.push(stopped(loaded.stop))
    } else {
      for (const id of loaded.policies) policies.add(id)
      const incompatible = cannotRead(loaded.majors, inputs)
      if (incompatible !== undefined) return { concerned: true, incompatible, runs: [] }
      const declared = onlyOf(beside, loaded.policies)
      for (const [index, side] of (inputs.before ? [inputs.before, inputs.before, inputs.after] : [inputs.after]).entries()) {
        const run = oneRun(sandbox, index + 1, { ...declared, ...side.policies }, batches, policies)
        runs.push(run)
        if (run.stop) break
      }
    }
  } catch (error) {
    if (error instanceof ReplayError) throw error
    // The instance itself failed (an abort of Emscripten, a trap, the host's stack); nothing else runs in it.
    runs.push(stopped(sandbox.failed()))
  }
  // A module that does not load declares nothing; it counts as concerned, because its policies are unknown.
  return { concerned: policies.size === 0 || inputs.policies.some((id) => policies.has(id)), runs }
}

/** Returns why the bot cannot read the new policies: the major versions that it declares for one of them do not include the new one. */
function cannotRead(majors: Record<string, number[]>, { policies, after }: ScenarioInputs): string | undefined {
  for (const id of policies) {
    const version = String(after.policies[id]?.['version'])
    const known = Object.hasOwn(majors, id) ? majors[id]! : undefined
    if (known === undefined || known.includes(Number.parseInt(version, 10))) continue
    return `it reads ${id} of major ${known.join(', ')}, not ${version}`
  }
  return undefined
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

function stopped(stop: Stop): RunAnswers {
  return { verdicts: '', alerts: '', stop }
}
