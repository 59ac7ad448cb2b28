import { peekPredicate, type EventData } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'
import type { Emitted, Evidence } from './evidence.js'

type Data<T extends keyof EventData> = EventData[T]

/**
 * A superseded run names a newer run that all had signed and that carries one of its policies; it ended before that run began, and no
 * cohort saw it after its successor's canary. Break-glass, which has no canary and may fail later, passed lint before it ended another run.
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
      const passed = emitted.find((event) => passesLint(event, newer.run))
      if (passed === undefined || Date.parse(passed.time) > Date.parse(facts.ended.at))
        found.push(`run ${run} ended for break-glass in run ${by} before lint passed that`)
      continue
    }
    const [begun, ended] = [emitted.findIndex((event) => begins(event, newer.run)), emitted.findIndex((event) => ends(event, run))]
    if (begun >= 0 && begun < ended) found.push(`run ${by} began before run ${run} had let go`)
    found.push(...shownAfter(emitted, run, newer.run))
  }
  return found
}

/** Nothing of a superseded run was in force for all: what readers held of it was taken back before its time. Break-glass ends any. */
export function supersededNowhere({ emitted, runs }: Evidence): string[] {
  const heads = emitted.filter(({ type, producer }) => type === 'hms.head.issued.v1' && producer === 'rollout').flatMap(headsIn)
  return runs.flatMap(({ facts: { run, ended, endedEarly } }) => {
    const newer = runs.find(({ facts }) => facts.run === endedEarly?.by)
    if (ended?.state !== 'SUPERSEDED' || newer?.facts.breakGlass !== undefined) return []
    return heads.flatMap((head, index) => {
      const { policy, seq, next } = head
      if (head.run === run) return [`head ${seq} of ${policy} puts run ${run} in force, which is superseded`]
      if (next?.run !== run) return []
      const after = heads.slice(index + 1).find((each) => each.policy === policy)
      const isInTime = after !== undefined && Date.parse(after.issuedAt) < Date.parse(next.at)
      return isInTime ? [] : [`head ${seq} of ${policy} holds run ${run} until ${next.at}, which is superseded`]
    })
  })
}

function headsIn({ data }: Emitted): HeadPredicate[] {
  return (data as unknown as Data<'hms.head.issued.v1'>).heads.map(({ head }) => peekPredicate<HeadPredicate>(head))
}

function passesLint({ type, runId }: Emitted, run: number): boolean {
  return type === 'hms.lint.passed.v1' && runId === String(run)
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
  for (const event of emitted) {
    if (event.type !== 'hms.head.issued.v1' || event.producer !== 'canary-controller') continue
    for (const { policy, scope, run, current, base, next } of headsIn(event)) {
      const place = `${policy}@${scope}`
      const shows = current !== base || next !== undefined
      if (run === newer && shows) taken.add(place)
      if (run === older && taken.has(place)) found.push(`run ${older} still speaks in ${place} after run ${newer}`)
    }
  }
  return found
}
