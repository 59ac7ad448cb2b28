import { readingProblem, type EventData } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { TerminalError } from '#libs/platform'
import { ALERT_STATES, countsAlerts, type Canary } from '#libs/pipeline'
import { bucketOf, inShare, scopeCovers, type Scope } from '#libs/policy'
import { digestOfJson, hexOf } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { CANARIES } from './canary.table.js'
import { ExplainAlert } from './explain-alert.js'
import { RunCanary } from './run-canary.js'

type Alert = EventData['hms.alert.reported.v1']

/** As whom all count together that wrote on the topic without a signature. */
const UNSIGNED = 'bots without a signature'
/** Characters that are shown of what goes with an alert. */
const MAX_TEXT_SHOWN = 200

/** Holds an alert against every canary that counts alerts: does its bot belong to the cohort, and does the new policy explain it? */
@Injectable()
export class JudgeAlert {
  private readonly explain = new ExplainAlert()

  constructor(private readonly runCanary: RunCanary) {}

  /** `unsigned`: nobody vouches for who said it. */
  async execute(tx: Transaction, alert: Alert, unsigned?: 'unsigned'): Promise<void> {
    const problem = readingProblem(alert.reading)
    if (problem !== undefined) throw new TerminalError('HMS_ALERT_READING', problem)
    const open = await tx.documents(CANARIES).find({ where: { state: [...ALERT_STATES] } })
    const bot = unsigned === undefined ? alert.bot : UNSIGNED
    for (const { run } of open.filter((canary) => counts(canary, alert))) {
      await this.runCanary.shell.locked(tx, run, async (canary) => {
        if (counts(canary, alert)) await this.judge(tx, canary, alert, bot)
      })
    }
  }

  /** `bot`: as whose word it counts. */
  private judge(tx: Transaction, canary: Canary, alert: Alert, bot: string): Promise<void> {
    const { id, connected } = alert
    const reading = typeof alert.reading?.['id'] === 'string' ? alert.reading['id'] : id
    const once = hexOf(digestOfJson([bot, reading])).slice(0, 24)
    const verdict = canary.counted.includes(once) ? { explained: true, reason: '' } : this.explain.of(canary, alert)
    const [reason, shown] = [verdict.reason.slice(0, MAX_TEXT_SHOWN), reading.slice(0, MAX_TEXT_SHOWN)]
    const counted = { alert: id, bot, reading: shown, reason, once, connected, explained: verdict.explained }
    return this.runCanary.shell.decide(tx, canary, { type: 'alerted', alert: counted })
  }
}

/** Of the cohort by scope and bucket, connected or not, and received since the canary was published and its release was in force. */
export function counts(canary: Canary, alert: Alert): boolean {
  if (!countsAlerts(canary) || alert.receivedAt < canary.publishedAt!) return false
  if (!scopeCovers(canary.scope as Scope, { region: alert.region })) return false
  const members = alert.policy === undefined ? canary.members : canary.members.filter((member) => member.policy === alert.policy)
  return members.some((member) => (member.beginsAt ?? '') <= alert.receivedAt && inShare(bucketOf(member.policy, alert.bot), member.share))
}
