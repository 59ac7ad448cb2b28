import { afterEach, describe, expect, it } from 'vitest'
import type { ReplayProgress } from '#libs/contracts'
import type { ReplayTask } from './replay.js'
import { InlineReplayRunner, type ReplayRunner } from './replay-runner.js'
import { asset, readingOf, tightening } from '../testing/virginia.fixture.js'
import { WorkerReplayRunner, type WorkerRunnerOptions } from './worker-replay-runner.js'

const opened: ReplayRunner[] = []
afterEach(async () => {
  for (const runner of opened.splice(0)) await runner.close()
})

/** Thread that executes the command in the first bot's id, in place of the compiled entry. */
const ENTRY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads'
    const env = Object.keys(process.env)
    parentPort.on('message', (task) => {
      const order = task.bots[0].id
      parentPort.postMessage({ starting: order })
      if (order === 'hang') for (;;) {}
      if (order === 'exit') process.exit(3)
      if (order === 'throw') throw new Error('broken')
      const bots = task.bots.map(({ id }) => ({ bot: id }))
      const report = { engine: String(threadId), scenarios: env, bots, impact: { scenarios: [], bots: [], fields: [] } }
      parentPort.postMessage(order === 'fail' ? { failure: 'no good' } : { report: { report } })
    })`)}`,
)

function worker(options: Partial<WorkerRunnerOptions> = {}): WorkerReplayRunner {
  const runner = new WorkerReplayRunner({ entry: ENTRY, ...options })
  opened.push(runner)
  return runner
}

function order(id: string): ReplayTask {
  return { bots: [{ id, source: '' }], scenarios: [] }
}

describe('WorkerReplayRunner', () => {
  it('reuses one thread, without environment variables', async () => {
    const runner = worker()
    const reports = await Promise.all([runner.replay(order('go')), runner.replay(order('go'))])
    expect(new Set(reports.map(({ report }) => report.engine)).size).toBe(1)
    expect(reports[0]?.report.scenarios).toEqual([])
  })

  it.each(['exit', 'throw'])('starts a new thread after one was lost (%s)', async (id) => {
    const runner = worker()
    const [lost, next] = await Promise.allSettled([runner.replay(order(id)), runner.replay(order('go'))])
    expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'HMS_REPLAY_WORKER_LOST', retryable: true } })
    expect(next.status).toBe('fulfilled')
  })

  it('keeps the thread after a replay that failed', async () => {
    const runner = worker()
    const { report } = await runner.replay(order('go'))
    await expect(runner.replay(order('fail'))).rejects.toMatchObject({ code: 'HMS_REPLAY_FAILED', retryable: false })
    expect((await runner.replay(order('go'))).report.engine).toBe(report.engine)
  })

  it('ends a hanging thread at the deadline and continues with the next replay', async () => {
    const runner = worker({ deadlineMs: 500 })
    const hung = runner.replay(order('hang'))
    const next = runner.replay(order('go'))
    await expect(hung).rejects.toMatchObject({
      code: 'HMS_REPLAY_DEADLINE',
      retryable: true,
      message: expect.stringMatching(/ in bot hang$/),
    })
    expect(await next).toMatchObject({ report: { bots: [{ bot: 'go' }] } })
  })

  it('drops an aborted replay, running or waiting, and runs the others', async () => {
    const runner = worker()
    const running = new AbortController()
    const waiting = new AbortController()
    const replays = [runner.replay(order('hang'), running.signal), runner.replay(order('hang'), waiting.signal), runner.replay(order('go'))]
    waiting.abort(new Error('not needed'))
    running.abort(new Error('superseded'))
    expect(await Promise.allSettled(replays)).toMatchObject([
      { reason: { message: 'superseded' } },
      { reason: { message: 'not needed' } },
      { status: 'fulfilled' },
    ])
  })

  it('splits programs among its threads, reports progress, and ends all threads when one is lost', async () => {
    const runner = worker({ workers: 2 })
    const seen: ReplayProgress[] = []
    const ids = ['go', 'on', 'further']
    const task = { bots: ids.map((id) => ({ id, source: id })), scenarios: [tightening([])] }
    const { report } = await runner.replay(task, undefined, (progress) => seen.push(progress))
    expect(report.bots.map(({ bot }) => bot)).toEqual(ids.toSorted())
    expect(seen).toHaveLength(2)
    expect(seen.at(-1)!.total).toBe(3)
    const lost = runner.replay({
      bots: [
        { id: 'hang', source: 'a' },
        { id: 'exit', source: 'b' },
      ],
      scenarios: [],
    })
    await expect(lost).rejects.toMatchObject({ code: 'HMS_REPLAY_WORKER_LOST' })
    expect((await runner.replay(task)).report.bots).toHaveLength(3)
  })

  it('rejects when the queue is full, and after close', async () => {
    const runner = worker({ queueLimit: 1 })
    const replays = [runner.replay(order('hang')), runner.replay(order('go'))]
    await expect(runner.replay(order('go'))).rejects.toMatchObject({ code: 'HMS_REPLAY_BUSY', retryable: true })
    const settled = Promise.allSettled(replays)
    await runner.close()
    expect(await settled).toMatchObject([{ reason: { code: 'HMS_REPLAY_WORKER_LOST' } }, { reason: { code: 'HMS_REPLAY_WORKER_LOST' } }])
    await expect(runner.replay(order('go'))).rejects.toMatchObject({ code: 'HMS_REPLAY_BUSY' })
  })
})

describe('InlineReplayRunner', () => {
  const task: ReplayTask = {
    bots: [{ id: 'inspector', source: asset('bots/inspector.js') }],
    scenarios: [tightening([readingOf('a', 30)])],
  }

  it('returns the report', async () => {
    expect((await new InlineReplayRunner().replay(task)).report).toMatchObject({ bots: [{ bot: 'inspector', class: 'ADAPTED' }] })
  })

  it('has a deadline, and rejects if aborted before the start', async () => {
    const endless: ReplayTask = { ...task, bots: [{ id: 'x', source: 'for (;;) {}' }] }
    await expect(new InlineReplayRunner(0).replay(endless)).rejects.toMatchObject({ code: 'HMS_REPLAY_DEADLINE' })
    await expect(new InlineReplayRunner().replay(task, AbortSignal.abort(new Error('late')))).rejects.toThrow('late')
  })
})
