import type { EventData } from '#libs/contracts'
import { evaluate, decodeDocument } from '#libs/evaluation'
import { effectiveMs, STABLE_SCOPE } from '#libs/signing'
import type { Emitted, Evidence } from './evidence.js'

/** Steps of a rollout after the time of what it brings. */
const AFTER: ReadonlySet<string> = new Set(['hms.rollout.took-effect.v1', 'hms.rollout.bake-started.v1', 'hms.rollout.completed.v1'])

/** Nothing was ever in force before its time; what is held comes into force at its time from the documents alone. */
export function rulesInTime({ documents, revisions }: Evidence): string[] {
  const found: string[] = []
  for (const { documents: stored, at } of revisions) {
    for (const document of stored) {
      const { value, next } = decodeDocument(document)
      const name = `${document.id}@${document.version} in ${document.scope}`
      if (value !== null && effectiveMs({ ...value }) > Date.parse(at))
        found.push(`${name} was stored as current at ${at}, before ${value.effective}`)
      if (next !== null && next.atMs !== effectiveMs({ ...next.held.value! })) found.push(`${name} is held until another time than its own`)
    }
  }
  for (const document of documents.filter(({ scope, next }) => scope === STABLE_SCOPE && next !== undefined)) {
    const held = decodeDocument(document)
    const { atMs, held: later } = held.next!
    const [before, after] = [atMs - 1, atMs].map((now) => evaluate([held], {}, now)?.held.document.digest ?? null)
    if (before !== document.digest || after !== later.document.digest)
      found.push(`${document.id} is ${before} before its time and ${after} at it`)
  }
  return found
}

/** A rollout that said until when all readers hold what it brings does not go on before. */
export function waitsForItsTime({ emitted }: Evidence): string[] {
  const keyOf = ({ runId, attempt }: Emitted): string => `run ${runId} attempt ${attempt ?? 1}`
  const held = emitted.filter(({ type }) => type === 'hms.rollout.held.v1')
  const times = new Map(held.map((event) => [keyOf(event), (event.data as unknown as EventData['hms.rollout.held.v1']).until]))
  return emitted.flatMap((event) => {
    const until = times.get(keyOf(event))
    const isEarly = until !== undefined && AFTER.has(event.type) && Date.parse(event.time) < Date.parse(until)
    return isEarly ? [`${event.type} of ${keyOf(event)} at ${event.time}, and it is held until ${until}`] : []
  })
}
