/** Rows of one table within one transaction: reads see committed rows below staged ones. */
export class MemoryRows<R> {
  private readonly staged = new Map<string, R | undefined>()

  constructor(private readonly committed: Map<string, R>) {}

  get(id: string): R | undefined {
    const row = this.staged.has(id) ? this.staged.get(id) : this.committed.get(id)
    return row === undefined ? undefined : structuredClone(row)
  }

  set(id: string, row: R): void {
    this.staged.set(id, structuredClone(row))
  }

  delete(id: string): boolean {
    const existed = this.get(id) !== undefined
    this.staged.set(id, undefined)
    return existed
  }

  /** All rows in order of first insertion. */
  values(): R[] {
    const ids = new Set([...this.committed.keys(), ...this.staged.keys()])
    return [...ids].map((id) => this.get(id)).filter((row): row is R => row !== undefined)
  }

  commit(): void {
    for (const [id, row] of this.staged) {
      if (row === undefined) this.committed.delete(id)
      else this.committed.set(id, row)
    }
    this.staged.clear()
  }
}
