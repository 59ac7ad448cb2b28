import { HmsError } from '#libs/contracts'
import { SignatureError } from '#libs/signing'

/** So many are named; where more is wrong, nothing is right. */
const NAMED = 50

/** What a verification found, so that one thing that is wrong does not hide the next. */
export class Problems {
  private readonly found: { pointer: string; detail: string }[] = []
  private more = 0
  private readonly steps = new Set<string>()

  /** `where` it is: the log, a run, a policy. `next`: the command that repairs it. */
  add(where: string, detail: string, next?: string): void {
    if (next !== undefined && this.steps.size < NAMED) this.steps.add(next)
    if (this.found.length < NAMED) this.found.push({ pointer: where, detail })
    else this.more++
  }

  /** Takes what does not verify for a problem, and goes on. Anything else is thrown. */
  async check<T>(where: string, check: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await check()
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      this.add(where, error.detail)
      return undefined
    }
  }

  get none(): boolean {
    return this.found.length === 0
  }

  /** Throws `HMS_PROOF_INVALID` that names each, unless there are none. */
  raise(): void {
    if (this.none) return
    const count = this.found.length + this.more
    const detail =
      count === 1 ? this.found[0]!.detail : `${count} things are wrong with the audit log${this.more > 0 ? `; the first ${NAMED}` : ''}:`
    throw new HmsError('HMS_PROOF_INVALID', detail, {
      status: 422,
      errors: this.found.map(withoutPlace),
      next: [...this.steps, 'hms-svc audit log'],
    })
  }
}

/** The place is printed before each of several details; some begin with it, for where they stand alone. */
function withoutPlace({ pointer, detail }: { pointer: string; detail: string }): { pointer: string; detail: string } {
  return { pointer, detail: detail.startsWith(`${pointer}: `) ? detail.slice(pointer.length + 2) : detail }
}
