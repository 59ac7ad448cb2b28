import { HmsError, type ConfigDocument } from '#libs/contracts'
import { STABLE_SCOPE, type SignatureError } from '#libs/signing'
import { placeOf, type RefusedDocument } from './held-documents.js'

/** Limit of remembered refusals, because their policy ids are chosen by the sender. */
const MAX_REFUSALS = 1_000

/**
 * Last refusals by policy and scope. The copy is incomplete until a valid document replaces each refused one, or the refused one is
 * removed.
 */
export class Refusals {
  private readonly byPlace = new Map<string, SignatureError>()

  get any(): SignatureError | undefined {
    return this.byPlace.values().next().value
  }

  /** Returns the refusal of a policy's stable document. */
  ofStable(id: string): SignatureError | undefined {
    return this.byPlace.get(`${id}@${STABLE_SCOPE}`)
  }

  add({ document, error }: RefusedDocument): void {
    if (this.byPlace.size < MAX_REFUSALS) this.byPlace.set(placeOf(document), error)
  }

  /** Drops the refusals at these keys (`policy@scope`), whose documents were replaced or removed. */
  drop(places: Iterable<string>): void {
    for (const place of places) this.byPlace.delete(place)
  }

  /** Drops refusals of other policies, because this reader does not receive their changes. */
  keepOnly(policies: readonly string[]): void {
    for (const place of this.byPlace.keys()) if (!policies.some((id) => place.startsWith(`${id}@`))) this.byPlace.delete(place)
  }

  clear(): void {
    this.byPlace.clear()
  }
}

/**
 * Returns the refusals that matter in documents of a log, which also contains superseded ones. A refusal matters only if the last document
 * of its policy and scope is refused too; for an old head (`HMS_HEAD_REPLAYED`), only if it is that last document and no more documents
 * follow.
 */
export function unlessOvertaken(documents: readonly ConfigDocument[], refused: RefusedDocument[], more: boolean): RefusedDocument[] {
  const last = new Map(documents.map((document) => [placeOf(document), document]))
  const bad = new Set(refused.map(({ document }) => document))
  return refused.filter(({ document, error }) => {
    const newest = last.get(placeOf(document))!
    return error.code === 'HMS_HEAD_REPLAYED' ? newest === document && !more : bad.has(newest)
  })
}

/** Converts a refusal into an error with status 502, because the sender is at fault. */
export function refusalOf({ code, detail }: SignatureError): HmsError {
  return new HmsError(code, `${detail}; what was held before stays in force`, { status: 502, next: ['hms-svc audit verify'] })
}
