import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '#libs/platform/testing'
import { WorkerBotInspector } from './worker-bot-inspector.js'

/** Thread that executes the source text, in place of the compiled entry. */
const ENTRY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads'
    parentPort.on('message', (source) => {
      if (source === 'exit') process.exit(3)
      console.error(source)
      if (source === 'throw') throw new Error('broken')
      if (source === 'hang') for (;;) {}
      parentPort.postMessage({ report: { policies: [source, String(threadId), ...Object.keys(process.env)] } })
    })`)}`,
)

const clock = new VirtualClock()
let inspector = new WorkerBotInspector(clock, ENTRY)
afterEach(async () => {
  await inspector.close()
  inspector = new WorkerBotInspector(clock, ENTRY)
})

describe('WorkerBotInspector', () => {
  const threadOf = async (source: string): Promise<string> => {
    const inspected = await inspector.inspect(source)
    if ('error' in inspected) throw new Error(inspected.error.message)
    expect(inspected.policies).toEqual([source, expect.stringMatching(/^\d+$/)])
    return inspected.policies[1]!
  }

  it('inspects one module after the other, in one thread without environment variables', async () => {
    const threads = await Promise.all(['a', 'b', 'c'].map(threadOf))
    expect(new Set(threads).size).toBe(1)
  })

  it.each(['exit', 'throw'])('refuses a module that ends its thread (%s)', async (source) => {
    expect(await inspector.inspect(source)).toMatchObject({ error: { code: 'HMS_BOT_INVALID', message: 'takes the sandbox down' } })
    await threadOf('a')
  })

  it('refuses a module that never finishes, and continues with the next', async () => {
    const hung = inspector.inspect('hang')
    await Promise.resolve()
    await Promise.resolve()
    clock.advanceTo(clock.now().getTime() + 5_000)
    expect(await hung).toMatchObject({ error: { message: 'does not load within 5 s' } })
    await threadOf('a')
  })

  it('rejects when too many modules wait, and after close', async () => {
    const waiting = Array.from({ length: 256 }, () => inspector.inspect('a'))
    await expect(inspector.inspect('a')).rejects.toMatchObject({ code: 'HMS_SIMULATOR_BUSY', status: 503, retryable: true })
    await Promise.all(waiting)
    const hung = inspector.inspect('hang')
    await Promise.resolve()
    await Promise.resolve()
    const refused = expect(hung).rejects.toMatchObject({ code: 'HMS_SIMULATOR_BUSY' })
    await inspector.close()
    await refused
    await expect(inspector.inspect('a')).rejects.toMatchObject({ code: 'HMS_SIMULATOR_BUSY' })
  })
})
