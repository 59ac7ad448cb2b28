import { peekPredicate, stepsOf, type EventData, type FreezeRecord, type RolloutPlan } from '#libs/contracts'
import { freezeAgainst } from '#libs/pipeline'
import type { HeadPredicate } from '#libs/signing'
import type { Emitted, Evidence } from './evidence.js'

/** Steps that put a rule in front of more readers, or count time as observed. */
const FORWARD: ReadonlySet<string> = new Set([
  'hms.canary.started.v1',
  'hms.canary.observation-started.v1',
  'hms.canary.passed.v1',
  'hms.rollout.started.v1',
])

/** A run that said that it waits for a freeze does not go on before every freeze that it may wait for has ended or was lifted. */
export function freezesHold({ emitted }: Evidence): string[] {
  const freezes = freezesIn(emitted)
  const found: string[] = []
  const waits = new Map<string, string>()
  const steps = new Map<number, number>()
  const plans = plansIn(emitted)
  for (const { producer, type, time, data } of emitted) {
    const { run, reason, dossier, summary, step = 1 } = data as Told
    const about = run ?? dossier?.run
    const key = `${producer} ${about}`
    if (type === 'hms.canary.started.v1') steps.set(about!, step)
    if (type === 'hms.canary.delayed.v1' || type === 'hms.rollout.delayed.v1') {
      if (reason === 'FREEZE') waits.set(key, time)
      continue
    }
    const since = waits.get(key)
    // People may end an observation meanwhile: no reader gets anything by that, and the rollout waits for the freeze.
    if (since === undefined || !FORWARD.has(type) || summary?.startsWith('promoted by ') === true) continue
    waits.delete(key)
    const plan = producer === 'rollout' ? undefined : plans.get(about!)
    // Where its canary has come to: a freeze of where a later step will be holds that step.
    const scopes =
      plan === undefined
        ? ['global']
        : stepsOf(plan)
            .slice(0, steps.get(about!))
            .map(({ scope }) => scope)
    // It received each of them before it published that it waits, or not at all.
    const heard = freezes.filter(({ declaredAt }) => declaredAt <= since).map((freeze) => liftedBy(freeze, time))
    const holds = heard.length > 0 && heard.every((freeze) => freezeAgainst([freeze], scopes, new Date(time)) !== null)
    if (holds) found.push(`${type} of ${key} at ${time}, and it waits since ${since} for what has not ended`)
  }
  return found
}

/** Canary-controller shows no release in a scope for the first time during a freeze of it that it has received. */
export function noFirstHeadInAFreeze({ emitted, sightings }: Evidence): string[] {
  const found: string[] = []
  const heardAt = new Map(sightings.filter(({ consumer }) => consumer === 'canary-controller').map(({ id, at }) => [id, at]))
  const told = emitted
    .filter(({ type }) => type === 'hms.freeze.declared.v1' || type === 'hms.freeze.lifted.v1')
    .flatMap(({ id, type, data }) => {
      const at = heardAt.get(id)
      // Heard at the same instant as a head goes out, a freeze may have come after it, and its end before it.
      const isEnd = type === 'hms.freeze.lifted.v1'
      return at === undefined ? [] : [{ at, isEnd, freeze: (data as unknown as EventData['hms.freeze.declared.v1']).freeze }]
    })
  const shown = new Set<string>()
  for (const { producer, type, time, attempt, data } of emitted) {
    if (producer !== 'canary-controller' || type !== 'hms.head.issued.v1') continue
    const known = new Map(told.filter(({ at, isEnd }) => at < time || (isEnd && at === time)).map(({ freeze }) => [freeze.id, freeze]))
    for (const { head } of (data as unknown as EventData['hms.head.issued.v1']).heads) {
      const { policy, scope, run, expires } = peekPredicate<HeadPredicate>(head)
      const place = `${policy}@${scope} of run ${run} attempt ${attempt ?? 1}`
      // Without an end it takes the canary back.
      if (expires === undefined || shown.has(place)) continue
      shown.add(place)
      const frozen = freezeAgainst([...known.values()], [scope], new Date(time))
      if (frozen !== null) found.push(`${place} is shown first at ${time}, in ${frozen.id}`)
    }
  }
  return found
}

interface Told {
  run?: number
  reason?: string
  dossier?: { run: number }
  summary?: string
  /** Of a canary that begins. */
  step?: number
}

function plansIn(emitted: readonly Emitted[]): Map<number, RolloutPlan> {
  const approved = emitted.filter(({ type }) => type === 'hms.approval.approved.v1')
  const dossiers = approved.map(({ data }) => (data as unknown as EventData['hms.approval.approved.v1']).dossier)
  return new Map(dossiers.map(({ run, plan }) => [run, plan]))
}

/** Each freeze as it was left in the end. */
function freezesIn(emitted: readonly Emitted[]): FreezeRecord[] {
  const known = new Map<string, FreezeRecord>()
  for (const { type, data } of emitted) {
    if (type !== 'hms.freeze.declared.v1' && type !== 'hms.freeze.lifted.v1') continue
    const { freeze } = data as unknown as EventData['hms.freeze.declared.v1']
    known.set(freeze.id, freeze)
  }
  return [...known.values()]
}

function liftedBy(freeze: FreezeRecord, time: string): FreezeRecord {
  return freeze.lifted !== null && freeze.lifted.at > time ? { ...freeze, lifted: null } : freeze
}
