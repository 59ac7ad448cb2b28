import { peekPredicate, type EventData } from '#libs/contracts'
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

/** Within a run a share never becomes smaller, and nobody is drawn anew: no head has a salt. */
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
