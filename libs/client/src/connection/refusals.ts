import { HmsError, type ConfigDocument } from '#libs/contracts'
import { STABLE_SCOPE, type SignatureError } from '#libs/signing'
import { placeOf, type RefusedDocument } from './held-documents.js'

/** Maximum remembered refusals: the sender chooses the names in them. */
const MAX_REFUSALS = 1_000

/** Last refusals by policy and scope: a copy is incomplete until a valid document replaces the refused one, or its place is removed. */
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

  /** Drops refusals at these places (`policy@scope`): newer documents are there, or none. */
  drop(places: Iterable<string>): void {
    for (const place of places) this.byPlace.delete(place)
  }

  /** Drops refusals of other policies: this reader is not notified of their changes. */
  keepOnly(policies: readonly string[]): void {
    for (const place of this.byPlace.keys()) if (!policies.some((id) => place.startsWith(`${id}@`))) this.byPlace.delete(place)
  }

  clear(): void {
    this.byPlace.clear()
  }
}

/**
 * Returns the refusals that matter. A log also contains superseded documents: a refused one matters only if no better one followed, and an
 * old head only if it is the last of its place.
 */
export function unlessOvertaken(documents: readonly ConfigDocument[], refused: RefusedDocument[], more: boolean): RefusedDocument[] {
  const last = new Map(documents.map((document) => [placeOf(document), document]))
  const bad = new Set(refused.map(({ document }) => document))
  return refused.filter(({ document, error }) => {
    const newest = last.get(placeOf(document))!
    return error.code === 'HMS_HEAD_REPLAYED' ? newest === document && !more : bad.has(newest)
  })
}

/** Converts a refusal into an error with status 502: the sender is at fault. */
export function refusalOf({ code, detail }: SignatureError): HmsError {
  return new HmsError(code, `${detail}; what was held before stays in force`, { status: 502, next: ['hms-svc audit verify'] })
}
