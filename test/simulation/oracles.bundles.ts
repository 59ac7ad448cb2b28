import { groupBy } from '#libs/contracts'
import { evaluate, decodeDocument, nextChangeAt, markIncompleteBundles, type HeldDocument } from '#libs/evaluation'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'
import type { Evidence } from './evidence.js'

/** Readers whose buckets differ from policy to policy; a seed connects some of them, or none. */
const BOTS = Array.from({ length: 12 }, (_, index) => ({ bot: `bot-${index + 1}`, region: index % 4 === 3 ? 'TX' : 'NCR' }))

/** Canary of a bundle: release of each member, by policy. */
interface BundleCanary {
  run: number
  releases: Map<string, string>
}

/**
 * A reader uses all members of a bundle's canary or none of them: after every revision, and at every time at which a reader turns without
 * one. Members that take effect at different times are left out, because their plan asks for that.
 */
export function bundlesStayWhole({ revisions }: Evidence): string[] {
  const found = new Set<string>()
  const apart = runsApart(revisions)
  const held = new Map<string, Map<string, HeldDocument>>()
  for (const [index, { revision, documents, at }] of revisions.entries()) {
    for (const document of documents) {
      const scopes = held.get(document.id) ?? new Map<string, HeldDocument>()
      held.set(document.id, scopes.set(document.scope, decodeDocument(document)))
    }
    const all = [...held.values()].flatMap((scopes) => [...scopes.values()])
    for (const whole of markIncompleteBundles(all, Date.parse(at))) held.get(whole.head.policy)!.set(whole.head.scope, whole)
    const until = revisions[index + 1]?.at ?? '9999'
    for (const now of timesUntil(held, Date.parse(at), Date.parse(until)))
      for (const canary of bundleCanaries(held, apart))
        for (const reader of BOTS) {
          const mixture = mixtureOf(canary, held, reader, now)
          if (mixture !== undefined) found.add(`${reader.bot} uses ${mixture} of run ${canary.run} at revision ${revision}`)
        }
  }
  return [...found]
}

/** The time of a revision, and those of the leases that end before the next. */
function timesUntil(held: Held, from: number, until: number): number[] {
  const times = [from]
  const turns = [...held.values()].flatMap((scopes) => nextChangeAt([...scopes.values()], from) ?? [])
  for (const turn of turns) if (turn < until) times.push(turn - 1, turn)
  return times
}

type Held = ReadonlyMap<string, ReadonlyMap<string, HeldDocument>>

function bundleCanaries(held: Held, apart: ReadonlySet<number>): BundleCanary[] {
  const canaries = [...held.values()].flatMap((scopes) => [...scopes.values()].filter(isOfBundle))
  return [...groupBy(canaries, ({ head }) => head.run!)].flatMap(([run, heads]) => {
    const releases = new Map(heads.flatMap(({ head }) => (head.current === null ? [] : [[head.policy, head.current] as const])))
    return apart.has(run) || releases.size < 2 ? [] : [{ run, releases }]
  })
}

function isOfBundle({ head }: HeldDocument): boolean {
  return head.scope !== STABLE_SCOPE && head.run !== undefined && head.bundle !== undefined && head.current !== (head.base ?? null)
}

/** `a without b`: what the reader has by the canary, and what of the same run it has not. */
function mixtureOf({ run, releases }: BundleCanary, held: Held, reader: (typeof BOTS)[number], now: number): string | undefined {
  const inForce = [...releases].map(([policy, release]) => {
    const head: HeadPredicate | undefined = evaluate([...held.get(policy)!.values()], reader, now)?.held.head
    return { policy, byCanary: head?.scope !== STABLE_SCOPE && head?.run === run, has: head?.current === release }
  })
  const [one, without] = [inForce.find(({ byCanary }) => byCanary), inForce.find(({ has }) => !has)]
  return one === undefined || without === undefined ? undefined : `${one.policy} without ${without.policy}`
}

/** Runs of which a member is held until a time of its own. */
function runsApart(revisions: Evidence['revisions']): ReadonlySet<number> {
  const held = revisions.flatMap(({ documents }) => documents.map(decodeDocument))
  return new Set(held.flatMap(({ head }) => (head.next === undefined ? [] : [head.next.run ?? head.run!])))
}
