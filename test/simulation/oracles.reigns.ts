import { groupBy, type EventData } from '#libs/contracts'
import { decodeDocument, liveCanaries, documentAsOf, type HeldDocument } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import type { Emitted, Evidence } from './evidence.js'

/** Once an event reports that stable has left the base of a canary, that canary has ended for good, whichever service was down. */
export function canariesStayOver({ emitted, revisions }: Evidence): string[] {
  const found: string[] = []
  const told = new Set(emitted.flatMap(movesOf))
  const over = new Set<string>()
  for (const { id, documents, now } of statesOf(revisions)) {
    const live = new Set(liveCanaries(documents, now))
    for (const canary of canariesIn(documents)) {
      const { run, baseSeq, base = null } = canary.head
      const name = `the canary of run ${run} of ${id} on head ${baseSeq}`
      if (live.has(canary) && over.has(name)) found.push(`${name} is shown again`)
      if (base !== currentOf(documents, now) && told.has(`${id} ${stableIn(documents)?.head.seq}`)) over.add(name)
    }
  }
  return found
}

/** Readers pass over a canary on the stable release only when an event reported that stable had left that release meanwhile. */
export function canariesAreShown({ emitted, revisions }: Evidence): string[] {
  const found: string[] = []
  const told = new Set(emitted.flatMap(movesOf))
  for (const { id, documents, now } of statesOf(revisions)) {
    const stable = stableIn(documents)
    const sinceSeq = stable === undefined ? undefined : documentAsOf(stable, now).head.sinceSeq
    for (const { head } of canariesIn(documents)) {
      if (sinceSeq === undefined || head.baseSeq === undefined || sinceSeq <= head.baseSeq) continue
      const isOnStable = (head.base ?? null) === currentOf(documents, now)
      if (isOnStable && !told.has(`${id} ${sinceSeq}`))
        found.push(`the canary of run ${head.run} of ${id} is passed over, and nobody was told of head ${sinceSeq}`)
    }
  }
  return found
}

/** A late head of a canary is not stored above the stable heads that left its base: readers would refuse what they have left. */
export function noCanaryIsStoredLate({ revisions }: Evidence): string[] {
  const since = new Map<string, number>()
  return revisions.flatMap(({ revision, documents }) => {
    const heads = documents.map((document) => decodeDocument(document).head)
    const late = heads.filter(({ policy, scope, current, base = null, baseSeq, next }) => {
      const isLive = scope !== STABLE_SCOPE && (current !== base || next !== undefined)
      return isLive && baseSeq !== undefined && (since.get(policy) ?? 0) > baseSeq
    })
    // A first version that was reverted before other services were notified leaves a head without the number: stable left nothing.
    for (const { policy, scope, sinceSeq = 0 } of heads) if (scope === STABLE_SCOPE) since.set(policy, sinceSeq)
    return late.map(({ policy, run }) => `revision ${revision} stores the canary of run ${run} of ${policy}, which stable has left`)
  })
}

/** The documents of a policy after each revision that changed one of them, at its time. */
function statesOf(revisions: Evidence['revisions']): { id: string; documents: HeldDocument[]; now: number }[] {
  const held = new Map<string, Map<string, HeldDocument>>()
  return revisions.flatMap(({ documents, at }) =>
    [...groupBy(documents, ({ id }) => id)].map(([id, stored]) => {
      const places = held.get(id) ?? new Map<string, HeldDocument>()
      for (const document of stored) places.set(document.scope, decodeDocument(document))
      held.set(id, places)
      return { id, documents: [...places.values()], now: Date.parse(at) }
    }),
  )
}

function canariesIn(documents: readonly HeldDocument[]): HeldDocument[] {
  return documents.filter(({ head }) => head.scope !== STABLE_SCOPE && head.run !== undefined)
}

function stableIn(documents: readonly HeldDocument[]): HeldDocument | undefined {
  return documents.find(({ head }) => head.scope === STABLE_SCOPE)
}

function currentOf(documents: readonly HeldDocument[], now: number): string | null {
  const stable = stableIn(documents)
  return stable === undefined ? null : documentAsOf(stable, now).head.current
}

/** `policy seq` of each head of which an event says that it made something else live. */
function movesOf({ type, data }: Emitted): string[] {
  const of = <T extends keyof EventData>(_type: T): EventData[T] => data as unknown as EventData[T]
  if (type === 'hms.rollout.promoted.v1') return of(type).heads.map(({ policy, seq }) => `${policy} ${seq}`)
  if (type === 'hms.rollout.reversed.v1') return [`${of(type).policy} ${of(type).seq}`]
  if (type === 'hms.rollout.withdrawn.v1') return [`${of(type).policy} ${of(type).seq}`]
  return []
}
