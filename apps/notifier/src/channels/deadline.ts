/** Signal that aborts after `ms` or with `outer`. `AbortSignal.any` would leave listeners on a signal as old as the process. */
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
