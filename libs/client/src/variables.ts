import { HmsError } from '#libs/contracts'

/** Reads variables of the environment one by one, and remembers which are wrong. Absent and empty are the same. */
export class Variables {
  private readonly errors: { pointer: string; detail: string }[] = []

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  /** `problemOf` says what is wrong, as the rest of a sentence that begins with the name. */
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
