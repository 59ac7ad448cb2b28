import type { ConfigDocument } from '#libs/contracts'
import type { Admission } from './admit.js'
import { evaluate, holdDocument, type HeldDocument, type InForce, type Reader } from './evaluate.js'

/** The local copy: the newest document per policy and scope, those that withdraw included, since their `seq` still counts. */
export class HeldDocuments {
  private byPolicy = new Map<string, Map<string, HeldDocument>>()

  constructor(private readonly admission: Admission) {}

  /** Applies documents by `seq`: a lower or equal one changes nothing. Returns those that were refused. */
  apply(documents: readonly ConfigDocument[]): ConfigDocument[] {
    const refused = documents.filter((document) => !this.admission.admit(document))
    for (const document of documents) {
      if (refused.includes(document)) continue
      const held = this.find(document)
      if (held === undefined || document.seq > held.document.seq) this.put(document)
    }
    return refused
  }

  /**
   * Replaces everything, whatever the `seq`: a store that was set up anew counts from the start. Where the snapshot's
   * own document is refused, the one held before stays.
   */
  replace(documents: readonly ConfigDocument[]): ConfigDocument[] {
    const before = this.byPolicy
    this.byPolicy = new Map()
    const refused: ConfigDocument[] = []
    for (const document of documents) {
      if (this.admission.admit(document)) {
        this.put(document)
        continue
      }
      refused.push(document)
      const kept = before.get(document.id)?.get(document.scope)
      if (kept !== undefined) this.put(kept.document)
    }
    return refused
  }

  all(): ConfigDocument[] {
    return [...this.byPolicy.values()].flatMap((scopes) => [...scopes.values()].map(({ document }) => document))
  }

  /** What is in force for `reader`, by policy id. */
  inForce(reader: Reader, now: number): Map<string, InForce> {
    const values = new Map<string, InForce>()
    for (const [id, scopes] of this.byPolicy) {
      const value = evaluate([...scopes.values()], reader, now)
      if (value !== null) values.set(id, value)
    }
    return values
  }

  private find({ id, scope }: ConfigDocument): HeldDocument | undefined {
    return this.byPolicy.get(id)?.get(scope)
  }

  private put(document: ConfigDocument): void {
    const scopes = this.byPolicy.get(document.id) ?? new Map<string, HeldDocument>()
    this.byPolicy.set(document.id, scopes.set(document.scope, holdDocument(document)))
  }
}
