/** Set of policies that a reader subscribes to. Readers with the same set get the same frames. */
export class Subset {
  readonly ids: readonly string[]
  readonly key: string

  constructor(ids: readonly string[]) {
    this.ids = [...new Set(ids)].sort()
    this.key = this.ids.join()
  }

  /** Creates a subset; `undefined` for a reader of all policies. */
  static of(ids: readonly string[] | undefined): Subset | undefined {
    return ids === undefined ? undefined : new Subset(ids)
  }
}
