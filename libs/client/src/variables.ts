import { HmsError } from '#libs/contracts'

/** Reads environment variables one by one, and collects the wrong ones. Absent equals empty. */
export class Variables {
  private readonly errors: { pointer: string; detail: string }[] = []

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  /** Reads a variable. `problemOf` returns the problem as the rest of a sentence that begins with the name. */
  read(name: string, problemOf: (value: string) => string | undefined = () => undefined): string | undefined {
    const value = this.env[name]?.trim() || undefined
    const problem = value === undefined ? undefined : problemOf(value)
    if (problem !== undefined) this.errors.push({ pointer: name, detail: `${name} ${problem}` })
    return value
  }

  /** Throws one `HMS_CONFIG_INVALID` (400) that names every wrong variable. */
  refuseWrong(): void {
    if (this.errors.length === 0) return
    const detail = this.errors.map((error) => error.detail).join('. ')
    throw new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, errors: this.errors, next: ['hms-svc help environment'] })
  }
}
