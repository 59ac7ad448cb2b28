/** Warnings of a service for operators, shown in `/readyz` as degraded. */
export class Concerns {
  private readonly sources: (() => readonly string[])[] = []

  /** Registers a source of warnings. It is called at each probe, and returns an empty list if there is no problem. */
  add(read: () => readonly string[]): void {
    this.sources.push(read)
  }

  get all(): string[] {
    return this.sources.flatMap((read) => read())
  }
}
