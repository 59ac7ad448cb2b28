import { AT_WRITE_LIMIT, readingProblem, type EventData } from '#libs/contracts'
import { findAll, type Transaction } from '#libs/persistence'
import { TerminalError } from '#libs/platform'
import {
  ALERT_STATES,
  cohortKeyOf,
  countsAlerts,
  hasControl,
  headsOf,
  isEarly,
  mayHaveHadRelease,
  isLive,
  wasInCohort,
  type Canary,
  type CohortHead,
  type ScopedMember,
} from '#libs/pipeline'
import { bucketOf, inShare, scopeCovers, type Scope } from '#libs/policy'
import { digestOfJson, hexOf } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { CANARIES } from './canary.table.js'
import { AlertExplainer } from './alert-explainer.js'
import { RunCanary } from './run-canary.js'

type Alert = EventData['hms.alert.reported.v1']

/** Name under which all unsigned alerts from the topic count together. */
const UNSIGNED = 'bots without a signature'
/** Name prefix under which all alerts of one key count together, if their streams acknowledged no release of the canary. */
const BOTS_OF_KEY = 'bots of key'
const MAX_TEXT_SHOWN = 200

/** Judges an alert for every canary that counts alerts: whether its bot belongs to the cohort, and whether the new policy explains it. */
@Injectable()
export class JudgeAlert {
  private readonly explainer = new AlertExplainer()

  constructor(private readonly runCanary: RunCanary) {}

  /** Judges an alert. `unsigned`: set if no signature proves the sender. */
  async execute(tx: Transaction, alert: Alert, unsigned?: 'unsigned'): Promise<void> {
    const problem = readingProblem(alert.reading)
    if (problem !== undefined) throw new TerminalError('HMS_ALERT_READING', problem)
    const open = await findAll(tx, CANARIES, { state: [...ALERT_STATES] })
    for (const { run } of open.filter((canary) => isFromCohort(canary, alert))) {
      await this.runCanary.shell.locked(tx, run, async (canary) => {
        if (isFromCohort(canary, alert))
          await this.judge(tx, canary, alert, unsigned === undefined ? countedNameOf(canary, alert) : UNSIGNED) // guard: alert-unsigned
      })
    }
    for (const { run } of open.filter((canary) => this.isUnexplainedInControl(canary, alert))) {
      const bot = unsigned === undefined ? alert.bot : UNSIGNED
      const controlAlert = { bot, once: dedupIdOf(bot, alert), receivedAt: alert.receivedAt }
      await this.runCanary.shell.input(tx, run, { type: 'controlAlerted', alert: controlAlert })
    }
  }

  /**
   * Whether the alert counts in the control group: the policies in force outside the cohort do not explain it. They explain most alerts of
   * the many bots outside a cohort, so most alerts need no lock.
   */
  private isUnexplainedInControl(canary: Canary, alert: Alert): boolean {
    return isFromControlGroup(canary, alert) && !this.explainer.byPoliciesInForce(canary, alert).explained
  }

  /** Applies the alert to a locked canary. `bot`: name under which the alert counts. */
  private judge(tx: Transaction, canary: Canary, alert: Alert, bot: string): Promise<void> {
    const { id, receivedAt } = alert
    const connected = alert.connected && bot === alert.bot
    const ofKey = bot !== alert.bot && bot !== UNSIGNED ? { ofKey: true as const } : {}
    const [reading, once] = [readingOf(alert), dedupIdOf(bot, alert)]
    const verdict = canary.counted.includes(once) ? { explained: true, reason: '' } : this.explainer.byNewPolicies(canary, alert)
    const [reason, shown] = [verdict.reason.slice(0, MAX_TEXT_SHOWN), reading.slice(0, MAX_TEXT_SHOWN)]
    const places = cohortHeadsOf(canary, alert)
    const awaits = isLive(canary) && wasInCohort(canary, places, receivedAt) === undefined ? { awaits: places } : {}
    const counted = {
      alert: id,
      bot,
      reading: shown,
      reason,
      once,
      connected,
      explained: verdict.explained,
      receivedAt,
      ...ofKey,
      ...awaits,
    }
    return this.runCanary.shell.decide(tx, canary, { type: 'alerted', alert: counted })
  }
}

/**
 * Returns the name under which an alert counts for a canary: its bot, if the bot's open stream acknowledged a release of the canary;
 * otherwise the key that sent it, whichever bot the alert names. Without a key (profile dev, or config-store of the previous build) the
 * alert counts for its bot, unless it is part of a flood.
 */
export function countedNameOf(canary: Canary, { bot, applied = [], reporter }: Alert): string {
  const hasAcknowledged = headsOf(canary).some(({ release }) => applied.includes(release))
  if (hasAcknowledged || reporter === undefined) return bot // guard: alert-voice
  return reporter === AT_WRITE_LIMIT ? reporter : `${BOTS_OF_KEY} ${reporter}`
}

function readingOf({ id, reading }: Alert): string {
  return typeof reading?.['id'] === 'string' ? reading['id'] : id
}

/** Returns a deduplication id: equal for the same reading of the same bot. */
function dedupIdOf(bot: string, alert: Alert): string {
  return hexOf(digestOfJson([bot, readingOf(alert)])).slice(0, 24)
}

/** Whether the alert is from the control group: its bot is in a scope of the canary and in no cohort, and the verdict is open. */
export function isFromControlGroup(canary: Canary, alert: Alert): boolean {
  if (!isLive(canary) || isEarly(canary) || canary.watch === undefined || !alert.connected) return false
  if (!mayHaveHadRelease(canary, alert.receivedAt)) return false
  const heads = headsOf(canary).filter((head) => covers(head, alert))
  if (heads.length === 0) return false
  if (alert.policy !== undefined && !canary.members.some(({ policy }) => policy === alert.policy)) return false
  return hasControl(canary) && !heads.some((head) => isInCohort(canary, head, alert))
}

/** Whether the bot is in the cohort, connected or not, and the alert came once the canary was published and its release in force. */
export function isFromCohort(canary: Canary, alert: Alert): boolean {
  if (!countsAlerts(canary) || !mayHaveHadRelease(canary, alert.receivedAt)) return false
  const places = cohortHeadsOf(canary, alert)
  // After the canary has passed, the stable heads may already apply.
  return places.length > 0 && (!isLive(canary) || wasInCohort(canary, places, alert.receivedAt) !== false)
}

/** Returns the heads of this step, and the remaining heads of earlier steps, whose cohort includes the alert's bot. */
function cohortHeadsOf(canary: Canary, alert: Alert): CohortHead[] {
  return headsOf(canary)
    .filter(({ policy }) => alert.policy === undefined || policy === alert.policy)
    .filter((head) => (head.beginsAt ?? '') <= alert.receivedAt && isInCohort(canary, head, alert))
    .map(({ policy, scope }) => ({ policy, scope, bucket: bucketIn(canary, policy, alert) }))
}

function isInCohort(canary: Canary, head: ScopedMember, alert: Alert): boolean {
  return covers(head, alert) && inShare(bucketIn(canary, head.policy, alert), head.share)
}

function bucketIn(canary: Canary, policy: string, { bot }: Alert): number {
  return bucketOf(cohortKeyOf(canary, policy), bot)
}

function covers({ scope }: ScopedMember, { region }: Alert): boolean {
  return scopeCovers(scope as Scope, { region })
}
