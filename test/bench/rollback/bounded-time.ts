import { nowMs } from '../figures.js'

/** Bounds each part of a bench, and all of them together. Once a part overran, no later one begins: it would measure both. */
export class BoundedTime {
  private readonly endsAt: number
  private overran: string | undefined

  constructor(wholeMs: number) {
    this.endsAt = nowMs() + wholeMs
  }

  async run<T>(part: string, partMs: number, work: () => Promise<T>): Promise<T> {
    if (this.overran !== undefined) throw new Error(`not begun, for ${this.overran} overran its time`)
    const limitMs = Math.min(partMs, this.endsAt - nowMs())
    if (limitMs <= 0) throw new Error('not begun, for the bench has used its time')
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.overran = part
        reject(new Error(`${part} did not end within ${(limitMs / 1_000).toFixed(0)} s`))
      }, limitMs)
    })
    try {
      return await Promise.race([work(), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
