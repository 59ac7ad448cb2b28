import { peekPredicate, stepsOf, type EventData } from '#libs/contracts'
import { scopesOverlap } from '#libs/policy'
import type { HeadPredicate } from '#libs/signing'
import type { Evidence } from './evidence.js'

interface Shown {
  run: number
  scope: string
  /** The end of the lease. */
  until: string
}

/** No canary shows itself where another run's is shown: by each head what readers see changes, until it is taken back or its lease ends. */
export function oneCanaryPerRegion({ emitted }: Evidence): string[] {
  const found: string[] = []
  const shown = new Map<string, Shown>()
  for (const { producer, type, time, data } of emitted) {
    if (producer !== 'canary-controller' || type !== 'hms.head.issued.v1') continue
    for (const { head } of (data as unknown as EventData['hms.head.issued.v1']).heads) {
      const { policy, scope, run, current, base = null, next, expires } = peekPredicate<HeadPredicate>(head)
      const place = `${policy}@${scope}`
      shown.delete(place)
      if ((current === base && next === undefined) || run === undefined || expires === undefined) continue
      const other = [...shown.values()].find((each) => each.run !== run && each.until > time && scopesOverlap(each.scope, scope))
      if (other !== undefined)
        found.push(`run ${run} shows its canary in ${scope} at ${time}, beside that of run ${other.run} in ${other.scope}`)
      shown.set(place, { run, scope, until: expires })
    }
  }
  return found
}

interface Bake {
  run: number
  policies: readonly string[]
  scopes: readonly string[]
  from: string
}

/** No canary begins where another bakes, as far as canary-controller was notified: an alert without a policy would count in both. */
export function noCanaryInABake({ emitted, sightings }: Evidence): string[] {
  const found: string[] = []
  const heard = new Map(sightings.filter(({ consumer }) => consumer === 'canary-controller').map(({ id, at }) => [id, at]))
  const headsOf = (data: unknown): HeadPredicate[] =>
    (data as EventData['hms.head.issued.v1']).heads.map(({ head }) => peekPredicate<HeadPredicate>(head))
  const issued = emitted.filter(({ producer, type }) => producer === 'canary-controller' && type === 'hms.head.issued.v1')
  // Runs that take effect later, and may end before readers were notified to hold their releases.
  const later = new Set(issued.flatMap(({ data }) => headsOf(data).flatMap(({ run, next }) => (next === undefined ? [] : [run]))))
  const ends = endsOf(emitted, heard)
  const passed = emitted.flatMap(({ id, type, data }) => {
    const at = type === 'hms.simulation.passed.v1' ? heard.get(id) : undefined
    return at === undefined ? [] : [{ at, dossier: (data as unknown as EventData['hms.simulation.passed.v1']).dossier }]
  })
  // The canary of a later run of one of its policies ends it, perhaps before canary-controller is notified of its end.
  const isFollowed = ({ run, policies }: Bake, by: string): boolean =>
    passed.some(({ at, dossier }) => dossier.run > run && at <= by && dossier.releases.some(({ id }) => policies.includes(id)))
  const bakes = emitted.flatMap(({ producer, type, time, data }): Bake[] => {
    if (producer !== 'canary-controller' || type !== 'hms.canary.passed.v1') return []
    const { run, releases, plan } = (data as unknown as EventData['hms.canary.passed.v1']).dossier
    // What is only held has no region before its time.
    const scopes = stepsOf(plan).map((step) => step.scope)
    return later.has(run) ? [] : [{ run, policies: releases.map(({ id }) => id), scopes, from: time }]
  })
  const first = new Map<number, { policies: string[]; scope: string; time: string }>()
  for (const { time, data } of issued) {
    for (const { policy, scope, run, expires } of headsOf(data)) {
      if (run === undefined || expires === undefined) continue
      const known = first.get(run)
      first.set(run, { scope, time, ...known, policies: [...(known?.policies ?? []), policy] })
    }
  }
  for (const [run, { policies, scope, time }] of first) {
    const beside = bakes.find(
      (bake) =>
        bake.run !== run &&
        // One of its own policies ends the canary of the run before it.
        !policies.some((policy) => bake.policies.includes(policy)) &&
        bake.from < time &&
        (ends.get(bake.run) ?? '9999') > time &&
        !isFollowed(bake, time) &&
        bake.scopes.some((each) => scopesOverlap(each, scope)),
    )
    if (beside !== undefined) found.push(`run ${run} shows its canary in ${scope} at ${time}, while run ${beside.run} bakes there`)
  }
  return found
}

/** Returns by run when canary-controller first received or published its end. */
function endsOf(emitted: Evidence['emitted'], heard: ReadonlyMap<string, string>): Map<number, string> {
  const ends = new Map<number, string>()
  const OVER = new Set(['hms.rollout.completed.v1', 'hms.rollout.failed.v1', 'hms.run.decided.v1'])
  for (const { id, type, time, data } of emitted) {
    const at = type === 'hms.canary.alarmed.v1' ? time : OVER.has(type) ? heard.get(id) : undefined
    const run = runOf(data)
    if (at !== undefined && run !== undefined && at < (ends.get(run) ?? '9999')) ends.set(run, at)
  }
  return ends
}

function runOf(data: unknown): number | undefined {
  const { run, dossier } = data as { run?: number; dossier?: { run: number } }
  return run ?? dossier?.run
}

/** Within a run a share never becomes smaller, and no bot is drawn again: no head has a salt. */
export function cohortsOnlyGrow({ emitted }: Evidence): string[] {
  const found: string[] = []
  const shares = new Map<string, number>()
  for (const { producer, type, attempt, data } of emitted) {
    if (producer !== 'canary-controller' || type !== 'hms.head.issued.v1') continue
    for (const { head } of (data as unknown as EventData['hms.head.issued.v1']).heads) {
      const { policy, scope, run, share, salt } = peekPredicate<HeadPredicate>(head)
      if (share === undefined) continue
      const place = `${policy}@${scope} of run ${run} attempt ${attempt ?? 1}`
      const before = shares.get(place) ?? 0
      if (share < before || salt !== undefined)
        found.push(`${place} had ${before} basis points, and has ${share}${salt === undefined ? '' : ', salted'}`)
      shares.set(place, share)
    }
  }
  return found
}
