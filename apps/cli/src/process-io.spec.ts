import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCli } from './program.js'
import { processIo } from './process-io.js'
import { serveCanned } from './testing/canned-service.js'
import { ioForTest } from './testing/run-cli.js'

const [stdout, stderr] = [process.stdout, process.stderr]
let before: ReturnType<typeof stdout.listeners>[]
beforeEach(() => (before = [stdout, stderr].map((stream) => stream.listeners('error'))))
afterEach(() => {
  for (const [at, stream] of [stdout, stderr].entries())
    for (const listener of stream.listeners('error').filter((each) => !before[at]!.includes(each)))
      stream.off('error', listener as () => void)
})

const closed = (): boolean => stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))

it('onInterrupt is called at SIGINT and SIGTERM, and at a closed output only if requested', () => {
  const calls: string[] = []
  const io = processIo()
  const off = [io.onInterrupt(() => calls.push('watch')), io.onInterrupt(() => calls.push('tail'), true)]
  process.emit('SIGTERM')
  process.emit('SIGINT')
  closed()
  expect(calls).toEqual(['watch', 'tail', 'watch', 'tail', 'tail'])
  for (const end of off) end()
  closed()
  expect(calls).toHaveLength(5)
})

it.each([
  ['webhooks listen --forward http://127.0.0.1:9/hook --secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', true],
  ['watch pm25', false],
])('%s ends at a closed output: %s', async (line, ends) => {
  const service = await serveCanned({
    'GET /v1/deliveries?limit=1': { body: [] },
    'GET /v1/deliveries?since=1970-01-01T00%3A00%3A00.000Z&limit=500': { body: [] },
  })
  const requested: (boolean | undefined)[] = []
  const io = ioForTest({ env: { HMS_URL: service.url } })
  io.onInterrupt = (callback, orClosed) => {
    requested.push(orClosed)
    setImmediate(callback)
    return () => undefined
  }
  await runCli([...line.split(' '), '--timeout', '1s'], io)
  await service.close()
  expect(requested.map((each) => each === true)).toEqual([ends])
})
