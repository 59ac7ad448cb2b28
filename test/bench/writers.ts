import { pause, systemClock } from '#libs/platform'
import { nowMs } from './figures.js'

/** A closed loop: each writer starts its next piece of work when the last is done. Answers with pieces per second. */
export async function perSecond(writers: number, forMs: number, work: (writer: number, turn: number) => Promise<void>): Promise<number> {
  const startedAt = nowMs()
  let done = 0
  const write = async (writer: number): Promise<void> => {
    for (let turn = 0; nowMs() - startedAt < forMs; turn++) {
      await work(writer, turn)
      done++
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  return (done * 1_000) / (nowMs() - startedAt)
}

/** An open loop: work starts at a fixed rate, so that a slow answer does not hide the wait of those that come after it. */
export async function atRate(rate: number, forMs: number, work: (turn: number) => Promise<void>): Promise<void> {
  const startedAt = nowMs()
  const running: Promise<void>[] = []
  for (let turn = 0; turn < (rate * forMs) / 1_000; turn++) {
    const waitMs = startedAt + (turn * 1_000) / rate - nowMs()
    if (waitMs > 0) await pause(systemClock, waitMs)
    running.push(work(turn))
  }
  await Promise.all(running)
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
