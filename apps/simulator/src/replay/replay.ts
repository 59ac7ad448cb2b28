import { createHash } from 'node:crypto'
import type { AlertLoad, BotLoad, PolicyBeside, WhatIf } from '#libs/contracts'
import { BOT_CLASSES } from '#libs/pipeline'
import { policyDigest, type PolicyDocument } from '#libs/policy'
import { classify, discriminating, loadOf } from './classify.js'
import { scenarioImpact, touchedFieldsOf } from './impact.js'
import type { PoliciesInForce } from './reading.js'
import { REPLAY_ENGINE, type BotOutcome, type BotReport, type ReplayReport, type ScenarioReport } from './report.js'
import { batchesOf, runBot } from './run-bot.js'
import type { ScenarioInputs } from './scenario-inputs.js'

export interface ReplayBot {
  id: string
  source: string
}

/** Task as plain data, so it can be sent to a worker thread. */
export interface ReplayTask {
  bots: ReplayBot[]
  scenarios: ScenarioInputs[]
  /** Policies in force that the change does not touch. Each bot gets the ones it declares, both before and after. */
  beside?: PoliciesInForce
  /** Whether other values of a changed number are tried too. */
  triesOthers?: boolean
}

/** Result of a replay. `whatIf` is not part of the report. */
export type Replayed = { report: ReplayReport; whatIf?: WhatIf | undefined }

/** Replays, and then tries other values if the task says so. */
export async function replayAndTry(task: ReplayTask, hooks?: ReplayHooks): Promise<Replayed> {
  const report = await replay(task, hooks)
  // The engine of expressions takes long to load, and runs do not need it here.
  return task.triesOthers === true ? { report, whatIf: (await import('./what-if.js')).whatIfOf(task.scenarios) } : { report }
}

export interface ReplayHooks {
  /** Whether the wall time of the replay has run out; checked at every interrupt. */
  expired?: () => boolean
  /** Called before each distinct bot source is run on a scenario, with the id of the first bot that has it. */
  starting?: (bot: string) => void
}

/**
 * Replays every bot over every scenario. Bots with equal source share one replay: the sandbox has no real clock, randomness or host access,
 * so equal sources give equal results on equal inputs. Rejects with `HMS_REPLAY_DEADLINE` once `expired` returns true. Blocks its thread.
 */
export async function replay(task: ReplayTask, hooks: ReplayHooks = {}): Promise<ReplayReport> {
  const bots = task.bots
    .map((bot) => ({ ...bot, digest: `sha256:${createHash('sha256').update(bot.source).digest('hex')}` }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const distinct = new Map(bots.toReversed().map((bot) => [bot.digest, bot]))
  const { beside = {} } = task
  const expired = hooks.expired ?? (() => false)
  const scenarios = task.scenarios.toSorted((a, b) => (a.scenario < b.scenario ? -1 : 1))
  const outcomes = new Map<string, Verdict>()
  const loads = new Map<string, AlertLoad>()
  for (const inputs of scenarios) {
    const batches = batchesOf(inputs.inputs)
    for (const { id, digest, source } of distinct.values()) {
      hooks.starting?.(id)
      const answers = await runBot(source, { inputs, batches, beside }, expired)
      const outcome = { ...classify(inputs, answers), scenario: inputs.scenario }
      outcomes.set(digest, worse(outcomes.get(digest), outcome))
      loads.set(digest, added(loads.get(digest), loadOf(inputs, answers)))
    }
  }
  return {
    engine: REPLAY_ENGINE,
    beside: versionsOf(beside),
    scenarios: scenarios.map(scenarioReport),
    bots: bots.flatMap(({ id, digest }): BotReport[] => {
      const verdict = outcomes.get(digest)
      return verdict ? [{ bot: id, digest, ...verdict }] : []
    }),
    impact: {
      scenarios: scenarios.map(scenarioImpact),
      bots: bots.flatMap(({ id, digest }): BotLoad[] => {
        const load = loads.get(digest)
        return load === undefined || load.readings === 0 ? [] : [{ bot: id, ...load }]
      }),
      fields: touchedFieldsOf(scenarios),
    },
  }
}

type Verdict = BotOutcome & { scenario: string }

function worse(known: Verdict | undefined, found: Verdict): Verdict {
  if (!known) return found
  return BOT_CLASSES.indexOf(found.class) < BOT_CLASSES.indexOf(known.class) ? found : known
}

function added(sum: AlertLoad = { readings: 0, before: 0, after: 0 }, load: AlertLoad = { readings: 0, before: 0, after: 0 }): AlertLoad {
  return { readings: sum.readings + load.readings, before: sum.before + load.before, after: sum.after + load.after }
}

function scenarioReport(inputs: ScenarioInputs): ScenarioReport {
  const recorded = inputs.inputs.length - inputs.boundary
  const changed = discriminating(inputs)
  const recordedChanged = changed.filter((index) => index < recorded).length
  return {
    scenario: inputs.scenario,
    policies: inputs.policies,
    firstVersion: inputs.before === null,
    recorded,
    boundary: inputs.boundary,
    unjudged: inputs.unjudged,
    discriminating: { recorded: recordedChanged, boundary: changed.length - recordedChanged },
  }
}

function versionsOf(policies: PoliciesInForce): PolicyBeside[] {
  return Object.entries(policies)
    .map(([policy, document]) => ({ policy, version: String(document['version']), digest: policyDigest(document as PolicyDocument) }))
    .sort((a, b) => (a.policy < b.policy ? -1 : 1))
}
