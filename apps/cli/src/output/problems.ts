import { HmsError, type FieldProblem } from '#libs/contracts'
import { SignatureError } from '#libs/signing'

/** Maximum number of problems that an error lists. */
const NAMED = 50

/** Problems of a verification, collected so that one does not hide the next. */
export class Problems {
  private readonly found: FieldProblem[] = []
  private more = 0
  private readonly steps = new Set<string>()

  /** `where`: the log, a run, or a policy. `next`: the command that repairs it. */
  add(where: string, detail: string, next?: string): void {
    if (next !== undefined && this.steps.size < NAMED) this.steps.add(next)
    if (this.found.length < NAMED) this.found.push({ pointer: where, detail })
    else this.more++
  }

  /** Records a verification error as a problem, and continues. Any other error is thrown. */
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

  /** Throws `HMS_PROOF_INVALID` naming each problem, if there are any. */
  raise(): void {
    if (this.none) return
    const count = this.found.length + this.more
    const detail =
      count === 1 ? this.found[0]!.detail : `${count} problems were found in the audit log${this.more > 0 ? `; the first ${NAMED}` : ''}:`
    throw new HmsError('HMS_PROOF_INVALID', detail, {
      status: 422,
      errors: this.found.map(withoutPointer),
      next: [...this.steps, 'hms-svc audit log'],
    })
  }
}

/** Removes the pointer from the start of a detail that is printed after it. A single detail is printed alone and keeps its pointer. */
function withoutPointer({ pointer, detail }: FieldProblem): FieldProblem {
  return { pointer, detail: detail.startsWith(`${pointer}: `) ? detail.slice(pointer.length + 2) : detail }
}
