/** The policies that a reader lives by. Readers that name the same ones get the same frames. */
export class Subset {
  readonly ids: readonly string[]
  readonly key: string

  constructor(ids: readonly string[]) {
    this.ids = [...new Set(ids)].sort()
    this.key = this.ids.join()
  }

  /** `undefined` for a reader of all policies. */
  static of(ids: readonly string[] | undefined): Subset | undefined {
    return ids === undefined ? undefined : new Subset(ids)
  }
}
