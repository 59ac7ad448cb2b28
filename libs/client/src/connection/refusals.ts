import { HmsError, type ConfigDocument } from '#libs/contracts'
import { STABLE_SCOPE, type SignatureError } from '#libs/signing'
import { documentKey, type RefusedDocument } from './held-documents.js'

/** Limit of remembered refusals, because their policy ids are chosen by the sender. */
const MAX_REFUSALS = 1_000
/** Limit of refused documents that are kept to be verified again by a newer roster; others are requested again in a snapshot. */
const MAX_DOCUMENTS = 32

/** Last refusals by policy and scope. The copy is incomplete until each refused document is replaced or removed. */
export class Refusals {
  private readonly byKey = new Map<string, { error: SignatureError; document?: ConfigDocument }>()

  get any(): SignatureError | undefined {
    return this.byKey.values().next().value?.error
  }

  documents(): ConfigDocument[] {
    return [...this.byKey.values()].flatMap(({ document }) => document ?? [])
  }

  ofStable(id: string): SignatureError | undefined {
    return this.byKey.get(`${id}@${STABLE_SCOPE}`)?.error
  }

  add({ document, error }: RefusedDocument): void {
    if (this.byKey.size >= MAX_REFUSALS) return
    this.byKey.set(documentKey(document), this.byKey.size < MAX_DOCUMENTS ? { error, document } : { error })
  }

  /** Drops the refusals at these keys (`policy@scope`), whose documents were replaced or removed. */
  drop(keys: Iterable<string>): void {
    for (const key of keys) this.byKey.delete(key)
  }

  /** Drops refusals of other policies, because this reader does not receive their changes. */
  keepOnly(policies: readonly string[]): void {
    for (const key of this.byKey.keys()) if (!policies.some((id) => key.startsWith(`${id}@`))) this.byKey.delete(key)
  }

  clear(): void {
    this.byKey.clear()
  }
}

/** Returns refusals that the frame leaves open: the last document of the key is refused, or is this replayed head without `more`. */
export function relevantRefusals(documents: readonly ConfigDocument[], refused: RefusedDocument[], more: boolean): RefusedDocument[] {
  const last = new Map(documents.map((document) => [documentKey(document), document]))
  const refusedDocuments = new Set(refused.map(({ document }) => document))
  return refused.filter(({ document, error }) => {
    const newest = last.get(documentKey(document))!
    return error.code === 'HMS_HEAD_REPLAYED' ? newest === document && !more : refusedDocuments.has(newest)
  })
}

/** Converts a refusal into an error with status 502, because the sender is at fault. */
export function refusalOf({ code, detail }: SignatureError): HmsError {
  return new HmsError(code, `${detail}; the previous values stay in force`, { status: 502, next: ['hms-svc audit verify'] })
}
