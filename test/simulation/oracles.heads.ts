import { LIAR } from './plan.js'
import { canonicalJson, isTerminal, peekPredicate, type ConfigDocument, type EventData } from '#libs/contracts'
import { stateOf } from '#libs/pipeline'
import type { HeadPredicate } from '#libs/signing'
import { asOf as recordAsOf } from '../../apps/approver/src/policies/policy.table.js'
import { asOf as stableAsOf } from '../../apps/rollout/src/stable/stable.table.js'
import type { Evidence } from './evidence.js'

const STABLE = 'global'

/** Per policy and scope the heads of its speaker count from 1 without a gap, so each number makes one release current. */
export function headsOrdered({ emitted }: Evidence): string[] {
  const found: string[] = []
  const last = new Map<string, number>()
  for (const event of emitted) {
    if (event.type !== 'hms.head.issued.v1') continue
    for (const { head } of (event.data as unknown as EventData['hms.head.issued.v1']).heads) {
      const { policy, scope, seq } = peekPredicate<HeadPredicate>(head)
      const name = `${policy}@${scope}`
      if (seq !== (last.get(name) ?? 0) + 1) found.push(`head ${seq} of ${name} follows ${last.get(name) ?? 0}`)
      last.set(name, seq)
    }
  }
  return found
}

/** Four places agree: rollout's heads, the store's documents, approver's live versions, and the published state. */
export function storesAgree({ emitted, documents, revisions, stables, policies, now }: Evidence): string[] {
  const found: string[] = []
  const told = new Map<string, ConfigDocument>()
  for (const event of emitted) {
    if (event.type !== 'hms.state.recorded.v1') continue
    const { document } = event.data as unknown as EventData['hms.state.recorded.v1']
    const before = told.get(event.key)
    // What the topic lost or has by a late record is said again, word for word.
    const isSaidAgain = before !== undefined && canonicalJson(document) === canonicalJson(before)
    if (before !== undefined && document.seq <= before.seq && !isSaidAgain)
      found.push(`head ${document.seq} of ${event.key} was stored over ${before.seq}`)
    told.set(event.key, document)
  }
  for (const { id, scope, seq, digest, revision } of documents) {
    const last = told.get(`${id}@${scope}`)
    if (last?.seq !== seq || last.digest !== digest || last.revision !== revision)
      found.push(`${id}@${scope} is stored as ${seq} and told as ${last?.seq}`)
  }
  if (told.size !== documents.length) found.push(`${told.size} documents were told, ${documents.length} are stored`)
  for (const stable of stables) {
    const { policy, seq, current } = stable
    const document = documents.find(({ id, scope }) => id === policy && scope === STABLE)
    if (document?.seq !== seq || document.digest !== (current?.releaseDigest ?? null)) {
      found.push(`rollout is at head ${seq} of ${policy} (${current?.version}), the store at ${document?.seq} (${document?.version})`)
    }
    const record = policies.find(({ id }) => id === policy)
    const known = record === undefined ? undefined : recordAsOf(record, now)
    const said = stableAsOf(stable, now)
    if (
      known?.live?.releaseDigest !== said.current?.releaseDigest ||
      known?.next?.release.releaseDigest !== said.next?.release.releaseDigest
    ) {
      found.push(
        `rollout says that ${said.current?.version} of ${policy} is live and ${said.next?.release.version} held, approver ${known?.live?.version} and ${known?.next?.release.version}`,
      )
    }
  }
  for (const [index, { revision }] of revisions.entries())
    if (revision !== index + 1) found.push(`revision ${revision} stands in place ${index + 1}`)
  return found
}

/** A canary of a run that is over names nothing but what it stood on, or has run out. */
export function canariesTakenBack({ documents, runs, now }: Evidence): string[] {
  return documents.flatMap(({ id, scope, run, head }) => {
    if (scope === STABLE || run === null) return []
    const { current, base, expires, next } = peekPredicate<HeadPredicate>(head)
    const live = (current !== base || next !== undefined) && (expires === undefined || Date.parse(expires) > now.getTime())
    const record = runs.find(({ facts }) => facts.run === run)
    const state = record === undefined ? undefined : stateOf(record.facts)
    const wrong = live && state !== undefined && isTerminal(state) && state !== 'SUCCEEDED'
    return wrong ? [`${id}@${scope} still serves the canary of run ${run}, which is ${state}`] : []
  })
}

/** A bot counts where it is known to be; a reading of it counts once; and one bot ends nothing beside another that alerted. */
export function alertsWeighed({ canaries }: Evidence): string[] {
  return canaries.flatMap(({ run, scope, earlier, state, counted, alerting, unexplained }) => [
    // Elsewhere is the place where they are.
    ...(scope === 'region:NCR' && earlier === undefined ? alerting.filter(({ bot }) => bot.startsWith(LIAR)) : []).map(
      ({ bot }) => `${bot} counts in the canary of run ${run}`,
    ),
    ...(new Set(counted).size < counted.length ? [`run ${run} counted a reading twice`] : []),
    ...(state === 'failed' && alerting.length > 1 && new Set(unexplained.map(({ bot }) => bot)).size < 2
      ? [`one bot of ${alerting.length} ended run ${run}`]
      : []),
  ])
}
