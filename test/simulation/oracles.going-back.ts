import { openDossier, openHeads, peekPredicate, type EventData, type RunStage } from '#libs/contracts'
import { isTakenBack, newRun } from '#libs/pipeline'
import { approvalState, readRelease, rollbackOf, type HeadPredicate, type ReleasePredicate } from '#libs/signing'
import type { Emitted, Evidence } from './evidence.js'

type Data<T extends keyof EventData> = EventData[T]

/** The head of a withdrawal names nothing, and no later one names the release that was withdrawn: what brings its document back is another. */
export function withdrawnStaysOut({ emitted }: Evidence): string[] {
  const heads = stableHeads(emitted)
  return emitted.flatMap(({ type, data }) => {
    if (type !== 'hms.rollout.withdrawn.v1') return []
    const { policy, from, seq } = data as unknown as Data<'hms.rollout.withdrawn.v1'>
    const name = `${policy}@${from.version}`
    return heads.flatMap((head) => {
      const named = [head.current, head.next?.release]
      if (head.policy !== policy || head.seq < seq) return []
      if (head.seq === seq)
        return head.current === null && head.next === undefined ? [] : [`head ${seq} withdraws ${name}, and names something`]
      return named.includes(from.digest) ? [`head ${head.seq} names ${name}, which head ${seq} withdrew`] : []
    })
  })
}

/** Whatever a head shows, canary or stable, enough people signed; of a rollback no stage but rollout says anything. */
export function headsAreSigned({ emitted, runs, roster }: Evidence): string[] {
  const found = new Set<string>()
  const seen = new Set<string>()
  for (const { type, data } of emitted) {
    if (type !== 'hms.head.issued.v1') continue
    for (const { release, next } of openHeads(data as unknown as Data<'hms.head.issued.v1'>)) {
      for (const envelope of [release, next?.release ?? null]) {
        if (envelope === null || seen.has(envelope.payload)) continue
        seen.add(envelope.payload)
        const opened = readRelease(envelope)
        const { id, version } = opened.predicate.policy
        const { missing } = approvalState(roster, opened)
        if (missing.length > 0) found.add(`a head shows ${id}@${version}, and of its approval ${missing.join(', ')} is missing`)
      }
    }
  }
  const rollbacks = new Set(runs.flatMap(({ facts }) => (facts.isRollback === true ? [String(facts.run)] : [])))
  for (const { type, runId } of emitted)
    if (rollbacks.has(runId ?? '') && /^hms\.(lint|simulation|canary)\./.test(type))
      found.add(`run ${runId} is a rollback, and has ${type}`)
  return [...found]
}

/** An attempt begins with no verdict, and in its canary no alert counts that was reported before the attempt began. */
export function retriesMeasureAnew({ emitted, canaries }: Evidence): string[] {
  const found: string[] = []
  const seen = new Set<string>()
  const began = new Map<string, number>()
  const told = new Map<string, number>()
  for (const { type, data, time, runId, attempt } of emitted) {
    if (type === 'hms.approval.approved.v1') began.set(`${runId} ${attempt ?? 1}`, Date.parse(time))
    if (type === 'hms.alert.reported.v1') told.set((data as { id?: string }).id ?? '', Date.parse(time))
    if (type !== 'hms.run.changed.v1') continue
    const { view } = data as unknown as Data<'hms.run.changed.v1'>
    const name = `run ${view.run} attempt ${view.attempt}`
    const isFirst = !seen.has(name)
    seen.add(name)
    const hasCome = ({ endedAt, figures, steps }: RunStage): boolean => endedAt !== null || figures !== undefined || steps !== undefined
    const carried = view.stages.filter(hasCome).map(({ stage }) => stage)
    if (isFirst && view.attempt > 1 && carried.length > 0) found.push(`${name} begins with what ${carried.join(', ')} came to before`)
  }
  for (const { run, attempt, unexplained } of canaries.filter((canary) => canary.attempt > 1)) {
    const since = began.get(`${run} ${attempt}`) ?? Infinity
    for (const { alert } of unexplained)
      if ((told.get(alert) ?? 0) < since) found.push(`run ${run} attempt ${attempt} counts ${alert}, which was told before it began`)
  }
  return found
}

/** A reverted version enters no stage again by an earlier preparation, unless people retried the run. */
export function quarantineHolds({ emitted }: Evidence): string[] {
  const found: string[] = []
  const takenBack = new Map<string, { run: number; at: string }>()
  const ended = new Set<number>()
  for (const { type, data, time } of emitted) {
    if (type === 'hms.run.changed.v1') {
      const { view } = data as unknown as Data<'hms.run.changed.v1'>
      // Later events of it add nothing.
      if (ended.has(view.run) || !hasTakenBack(view)) continue
      ended.add(view.run)
      for (const { id, version } of view.policies) takenBack.set(`${id}@${version}`, { run: view.run, at: time })
    }
    if (type !== 'hms.approval.approved.v1') continue
    const { run, attempt, releases } = openDossier((data as unknown as Data<'hms.approval.approved.v1'>).dossier)
    for (const release of releases) {
      const name = `${release.id}@${release.version}`
      const before = takenBack.get(name)
      const { preparedAt } = peekPredicate<ReleasePredicate>(release.envelope)
      const isOlder = before !== undefined && Date.parse(preparedAt) < Date.parse(before.at)
      if (attempt === 1 && isOlder && rollbackOf(release) === undefined)
        found.push(`run ${run} brings in ${name}, prepared before run ${before.run} took it back`)
    }
  }
  return found
}

type View = Data<'hms.run.changed.v1'>['view']

/** Decides as approver does, from its events. Only a run whose stages began has something to roll back. */
function hasTakenBack({ run, policies, createdAt, state, stages, endedAt }: View): boolean {
  if (endedAt === null) return false
  const startedAt = stages.find((stage) => stage.startedAt !== null)?.startedAt ?? undefined
  const isRollback = stages.length === 1
  const facts = newRun(run, policies, createdAt)
  return isTakenBack({ ...facts, startedAt, ...(isRollback ? { isRollback } : {}), ended: { state, at: endedAt } })
}

function stableHeads(emitted: readonly Emitted[]): HeadPredicate[] {
  return emitted.flatMap(({ type, producer, data }) =>
    type === 'hms.head.issued.v1' && producer === 'rollout'
      ? (data as unknown as Data<'hms.head.issued.v1'>).heads.map(({ head }) => peekPredicate<HeadPredicate>(head))
      : [],
  )
}
