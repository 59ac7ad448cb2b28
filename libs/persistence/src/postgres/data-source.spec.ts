import { describe, expect, it } from 'vitest'
import { VirtualClock } from '#libs/platform/testing'
import { untilReady } from '../embedded/start-postgres.js'
import { connectUntil } from './data-source.js'

const timeOut = (): Error => new Error('timeout expired')
const refusal = (code: string): Error => Object.assign(new Error(`refused: ${code}`), { code })

/** Fails with each of `errors` in turn, then connects. */
function connecting(errors: readonly Error[]): { tries: () => number; connect: () => Promise<string> } {
  let tries = 0
  return {
    tries: () => tries,
    connect: async () => {
      const error = errors[tries++]
      if (error !== undefined) throw error
      return 'connected'
    },
  }
}

async function settled<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  const state = { isOver: false }
  const over = work.finally(() => void (state.isOver = true))
  over.catch(() => {})
  while (!state.isOver) {
    await new Promise(setImmediate)
    clock.advanceTo(clock.now().getTime() + 500)
  }
  return over
}

describe('a connection at a start', () => {
  it('is retried after a time-out, and while the server is starting or has no free connection', async () => {
    const clock = new VirtualClock()
    const { tries, connect } = connecting([timeOut(), refusal('57P03'), refusal('53300')])
    await expect(settled(clock, connectUntil(clock, connect))).resolves.toBe('connected')
    expect(tries()).toBe(4)
  })

  it('fails at once with a permanent error', async () => {
    for (const code of ['28P01', '3D000', '42501', 'ECONNREFUSED']) {
      const { tries, connect } = connecting([refusal(code)])
      await expect(connectUntil(new VirtualClock(), connect)).rejects.toMatchObject({ code })
      expect(tries()).toBe(1)
    }
  })

  it('fails after the wait, with the last error', async () => {
    const clock = new VirtualClock()
    const began = clock.now().getTime()
    await expect(settled(clock, connectUntil(clock, connecting(Array.from({ length: 1_000 }, timeOut)).connect))).rejects.toMatchObject({
      code: 'HMS_DATABASE_UNREACHABLE',
      message: expect.stringContaining('timeout expired') as string,
    })
    expect(clock.now().getTime() - began).toBeLessThanOrEqual(32_000)
  })
})

describe('an embedded server', () => {
  const running = { exitCode: null, signalCode: null }

  it('is waited for although connections time out, including the connection that renames its first database', async () => {
    const asked: string[] = []
    const answers = [timeOut(), refusal('3D000'), timeOut(), refusal('3D000'), undefined, undefined]
    await untilReady(running, 'postgres://hms@127.0.0.1:1/hms', async (_url, text) => {
      asked.push(text.split(' ')[0]!)
      const error = answers[asked.length - 1]
      if (error !== undefined) throw error
    })
    expect(asked).toEqual(['SELECT', 'SELECT', 'ALTER', 'SELECT', 'ALTER', 'SELECT'])
  })

  it('is not waited for once it has ended', async () => {
    await expect(untilReady({ exitCode: 1, signalCode: null }, 'postgres://hms@127.0.0.1:1/hms')).rejects.toThrow('ended at once')
  })
})
