import type { HmsConnection } from '#libs/client'

/** What one reader was ever shown, and what it must never be: half a bundle, or something of a lower revision than before. */
export class ReadRecord {
  reads = 0
  readonly violations: string[] = []
  /** Revisions at which something changed. */
  readonly changes = new Set<number>()
  private highest = 0

  constructor(
    private readonly name: string,
    private readonly bot: HmsConnection,
    private readonly bundle: readonly string[],
  ) {
    bot.on('change', ({ revision }) => {
      this.changes.add(revision)
      this.look(revision)
      this.read()
    })
  }

  /** As a program would: all of the bundle in one step. */
  read(): void {
    this.reads++
    const said = this.bundle.map((id) => this.bot.explain(id))
    const versions = new Set(said.map(({ version }) => version))
    if (versions.size > 1) this.violate(`reads half a bundle: ${[...versions].join(' and ')}`)
    this.look(this.bot.revision)
  }

  private look(revision: number): void {
    if (revision < this.highest) this.violate(`goes back from revision ${this.highest} to ${revision}`)
    this.highest = Math.max(this.highest, revision)
  }

  private violate(what: string): void {
    if (this.violations.length < 10) this.violations.push(`${this.name} ${what}`)
  }
}
