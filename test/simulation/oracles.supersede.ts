import { peekPredicate, type EventData } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'
import type { Emitted, Evidence } from './evidence.js'

type Data<T extends keyof EventData> = EventData[T]

/**
 * A superseded run names a newer run that all had signed and that carries one of its policies; it ended before that run began, and none of
 * it went to all readers, or to any after its successor's canary. Break-glass has to be live for all before it ends another run.
 */
export function supersededLetGo({ emitted, runs }: Evidence): string[] {
  const found: string[] = []
  for (const { facts } of runs) {
    if (facts.ended?.state !== 'SUPERSEDED') continue
    const { run, policies } = facts
    const by = facts.endedEarly?.by
    const newer = runs.find((known) => known.facts.run === by)?.facts
    if (newer === undefined || newer.approvedAt === undefined) {
      found.push(`run ${run} is superseded by ${by ?? 'nobody'}, which nobody approved`)
      continue
    }
    if (!newer.policies.some(({ id }) => policies.some((policy) => policy.id === id)))
      found.push(`run ${run} is superseded by run ${by}, which has none of its policies`)
    if (newer.breakGlass !== undefined) {
      if (!wentToAll(emitted, newer.run)) found.push(`run ${run} is superseded by break-glass in run ${by}, which never went to all`)
      continue
    }
    const [begun, ended] = [emitted.findIndex((event) => begins(event, newer.run)), emitted.findIndex((event) => ends(event, run))]
    if (begun >= 0 && begun < ended) found.push(`run ${by} began before run ${run} had let go`)
    if (wentToAll(emitted, run)) found.push(`run ${run} is superseded, and went to all`)
    found.push(...shownAfter(emitted, run, newer.run))
  }
  return found
}

function wentToAll(emitted: readonly Emitted[], run: number): boolean {
  return emitted.some(({ type, runId }) => type === 'hms.rollout.promoted.v1' && runId === String(run))
}

function begins({ type, runId }: Emitted, run: number): boolean {
  return type === 'hms.approval.approved.v1' && runId === String(run)
}

function ends({ type, data }: Emitted, run: number): boolean {
  if (type !== 'hms.run.changed.v1') return false
  const { view } = data as unknown as Data<'hms.run.changed.v1'>
  return view.run === run && view.state === 'SUPERSEDED'
}

/** Heads of the older canary that show its release once the newer one has shown its own in the same place. */
function shownAfter(emitted: readonly Emitted[], older: number, newer: number): string[] {
  const taken = new Set<string>()
  const found: string[] = []
  for (const { type, data, producer } of emitted) {
    if (type !== 'hms.head.issued.v1' || producer !== 'canary-controller') continue
    for (const { head } of (data as unknown as Data<'hms.head.issued.v1'>).heads) {
      const { policy, scope, run, current, base, next } = peekPredicate<HeadPredicate>(head)
      const place = `${policy}@${scope}`
      const shows = current !== base || next !== undefined
      if (run === newer && shows) taken.add(place)
      if (run === older && taken.has(place)) found.push(`run ${older} still speaks in ${place} after run ${newer}`)
    }
  }
  return found
}
