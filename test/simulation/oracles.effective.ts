import { evaluate, holdDocument } from '#libs/evaluation'
import { effectiveMs, STABLE_SCOPE } from '#libs/signing'
import type { Evidence } from './evidence.js'

/** Nothing was ever in force before its time; what is held comes into force at its time from the documents alone. */
export function rulesInTime({ documents, revisions }: Evidence): string[] {
  const found: string[] = []
  for (const { documents: stored, at } of revisions) {
    for (const document of stored) {
      const { value, next } = holdDocument(document)
      const name = `${document.id}@${document.version} in ${document.scope}`
      if (value !== null && effectiveMs({ ...value }) > Date.parse(at))
        found.push(`${name} was stored as current at ${at}, before ${value.effective}`)
      if (next !== null && next.atMs !== effectiveMs({ ...next.held.value! })) found.push(`${name} is held until another time than its own`)
    }
  }
  for (const document of documents.filter(({ scope, next }) => scope === STABLE_SCOPE && next !== undefined)) {
    const held = holdDocument(document)
    const { atMs, held: later } = held.next!
    const [before, after] = [atMs - 1, atMs].map((now) => evaluate([held], {}, now)?.held.document.digest ?? null)
    if (before !== document.digest || after !== later.document.digest)
      found.push(`${document.id} is ${before} before its time and ${after} at it`)
  }
  return found
}
