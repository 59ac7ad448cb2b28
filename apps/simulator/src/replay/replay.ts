import { createHash } from 'node:crypto'
import { classify, discriminating } from './classify.js'
import { BOT_CLASSES } from '#libs/pipeline'
import { REPLAY_ENGINE, type BotOutcome, type BotReport, type ReplayReport, type ScenarioReport } from './report.js'
import { batchesOf, runBot } from './run-bot.js'
import type { ScenarioInputs } from './scenario-inputs.js'

export interface ReplayBot {
  id: string
  /** Text of the bot's module. */
  source: string
}

/** Plain data: it crosses to a worker thread as it is. */
export interface ReplayTask {
  bots: ReplayBot[]
  scenarios: ScenarioInputs[]
}

export interface ReplayHooks {
  /** Wall-clock emergency brake, asked at every interrupt. */
  expired?: () => boolean
  /** Called before each bot is run, with the id of the first bot that has this text. */
  starting?: (bot: string) => void
}

/**
 * Replays every bot over every scenario. Bots with the same text share one replay: the sandbox has no clock, chance or
 * host of its own, so the same text over the same inputs gives the same answers.
 * Rejects with `HMS_REPLAY_DEADLINE` once `expired` says so; blocks the thread it runs in until then.
 */
export async function replay(task: ReplayTask, hooks: ReplayHooks = {}): Promise<ReplayReport> {
  const bots = task.bots.map((bot) => ({ ...bot, digest: digestOf(bot.source) })).sort((a, b) => (a.id < b.id ? -1 : 1))
  const distinct = new Map(bots.toReversed().map((bot) => [bot.digest, bot]))
  const expired = hooks.expired ?? (() => false)
  const scenarios = task.scenarios.toSorted((a, b) => (a.scenario < b.scenario ? -1 : 1))
  const outcomes = new Map<string, Verdict>()
  for (const inputs of scenarios) {
    const batches = batchesOf(inputs.inputs)
    for (const { id, digest, source } of distinct.values()) {
      hooks.starting?.(id)
      const answers = await runBot(source, inputs, batches, expired)
      const outcome = { ...classify(inputs, answers), scenario: inputs.scenario }
      outcomes.set(digest, worse(outcomes.get(digest), outcome))
    }
  }
  return {
    engine: REPLAY_ENGINE,
    scenarios: scenarios.map(scenarioReport),
    bots: bots.flatMap(({ id, digest }): BotReport[] => {
      const verdict = outcomes.get(digest)
      return verdict ? [{ bot: id, digest, ...verdict }] : []
    }),
  }
}

type Verdict = BotOutcome & { scenario: string }

function worse(known: Verdict | undefined, found: Verdict): Verdict {
  if (!known) return found
  return BOT_CLASSES.indexOf(found.class) < BOT_CLASSES.indexOf(known.class) ? found : known
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

function digestOf(source: string): string {
  return `sha256:${createHash('sha256').update(source).digest('hex')}`
}
