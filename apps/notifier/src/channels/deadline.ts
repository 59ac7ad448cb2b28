/**
 * Signal that aborts after `ms`, or when `outer` does. It does not use `AbortSignal.any`: the worker's signal exists as long as the
 * process, and no attempt may leave a listener on it.
 */
export class Deadline {
  passed = false
  private readonly controller = new AbortController()
  private readonly timer: NodeJS.Timeout

  constructor(
    ms: number,
    private readonly outer: AbortSignal,
  ) {
    this.timer = setTimeout(() => {
      this.passed = true
      this.controller.abort()
    }, ms)
    outer.addEventListener('abort', this.abort)
    if (outer.aborted) this.abort()
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  clear(): void {
    clearTimeout(this.timer)
    this.outer.removeEventListener('abort', this.abort)
  }

  private readonly abort = (): void => this.controller.abort()
}
