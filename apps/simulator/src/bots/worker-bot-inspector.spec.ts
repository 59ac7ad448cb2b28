import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '#libs/platform'
import { WorkerBotInspector } from './worker-bot-inspector.js'

/** A thread that does what the source says, in place of the compiled entry. */
const ENTRY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, workerData } from 'node:worker_threads'
    if (workerData === 'exit') process.exit(3)
    if (workerData === 'throw') throw new Error('broken')
    if (workerData === 'hang') for (;;) {}
    parentPort.postMessage({ policies: [workerData, ...Object.keys(process.env)] })`)}`,
)

const clock = new VirtualClock()
let inspector = new WorkerBotInspector(clock, ENTRY)
afterEach(async () => {
  await inspector.close()
  inspector = new WorkerBotInspector(clock, ENTRY)
})

describe('WorkerBotInspector', () => {
  it('looks at one module after the other, in threads without an environment', async () => {
    expect(await Promise.all(['a', 'b'].map((source) => inspector.inspect(source)))).toEqual([{ policies: ['a'] }, { policies: ['b'] }])
  })

  it.each(['exit', 'throw'])('refuses a module that takes its thread down (%s)', async (source) => {
    expect(await inspector.inspect(source)).toMatchObject({ error: { code: 'HMS_BOT_INVALID', message: 'takes the sandbox down' } })
  })

  it('gives a module that never ends up, and goes on', async () => {
    const hung = inspector.inspect('hang')
    await Promise.resolve()
    await Promise.resolve()
    clock.advanceTo(clock.now().getTime() + 5_000)
    expect(await hung).toMatchObject({ error: { message: 'does not load within 5 s' } })
    expect(await inspector.inspect('a')).toEqual({ policies: ['a'] })
  })

  it('refuses when too many wait, and after close', async () => {
    const waiting = Array.from({ length: 16 }, () => inspector.inspect('a'))
    await expect(inspector.inspect('a')).rejects.toMatchObject({ code: 'HMS_SIMULATOR_BUSY', status: 503, retryable: true })
    await Promise.all(waiting)
    await inspector.close()
    await expect(inspector.inspect('a')).rejects.toMatchObject({ code: 'HMS_SIMULATOR_BUSY' })
  })
})
