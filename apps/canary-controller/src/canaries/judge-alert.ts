import { peekPredicate, type EventData } from '#libs/contracts'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { isOpen, onAlert, type Canary } from '#libs/pipeline'
import { bucketOf, compileScenario, inShare, scopeCovers, type PolicyDocument, type Scope } from '#libs/policy'
import { Injectable } from '@nestjs/common'
import { CANARIES } from './canary.entity.js'
import { keysOf, RunCanary } from './run-canary.js'

type Alert = EventData['hms.alert.reported.v1']

/** Holds an alert against every open canary: does its bot belong to the cohort, and does the new policy explain it? */
@Injectable()
export class JudgeAlert {
  constructor(private readonly runCanary: RunCanary) {}

  async execute(tx: Transaction, alert: Alert): Promise<void> {
    const open = await tx.documents(CANARIES).find({ where: { state: ['publishing', 'observing'] } })
    for (const { run } of open) {
      const canary = (await lockedDocument(tx, CANARIES, String(run), keysOf))!
      if (isOpen(canary) && counts(canary, alert)) await this.judge(tx, canary, alert)
    }
  }

  private judge(tx: Transaction, canary: Canary, alert: Alert): Promise<void> {
    const verdict = explain(canary, alert)
    const reading = typeof alert.reading?.['id'] === 'string' ? alert.reading['id'] : alert.id
    return this.runCanary.apply(tx, onAlert(canary, { alert: alert.id, bot: alert.bot, reading, reason: verdict.reason }, verdict.explained))
  }
}

/** Of the cohort by scope and bucket, connected or not, and received since the canary was published. */
export function counts(canary: Canary, alert: Alert): boolean {
  if (canary.publishedAt === null || alert.receivedAt < canary.publishedAt) return false
  if (!scopeCovers(canary.scope as Scope, { region: alert.region })) return false
  const members = alert.policy === undefined ? canary.members : canary.members.filter((member) => member.policy === alert.policy)
  return members.some((member) => inShare(bucketOf(member.policy, alert.bot), member.share))
}

/** The scenario's word under the new policies. Without a scenario that fits, nothing explains an alert. */
export function explain(canary: Canary, alert: Alert): { explained: boolean; reason: string } {
  const policies = Object.fromEntries(
    canary.dossier.releases.map((release) => [release.id, peekPredicate<{ policy: PolicyDocument }>(release.envelope).policy]),
  )
  if (alert.reading === null || alert.reading === undefined) return { explained: false, reason: 'the alert brings no reading' }
  const fitting = canary.scenarios.filter((scenario) => scenario.policies.every((id) => policies[id] !== undefined))
  if (fitting.length === 0) return { explained: false, reason: 'no scenario speaks of it' }
  for (const scenario of fitting) {
    const compiled = compileScenario(scenario)
    if (!compiled.ok) continue
    try {
      if (compiled.verdict(alert.reading, policies)) return { explained: true, reason: scenario.id }
    } catch {
      // A reading that the expression cannot judge is not explained by it.
    }
  }
  return { explained: false, reason: `${fitting.map((scenario) => scenario.id).join(', ')} expects no alert here` }
}
