import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { runCli } from '../../apps/cli/src/program.js'
import { ioForTest } from '../../apps/cli/src/testing/run-cli.js'
import { sampleDocument } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER } from '../../libs/client/src/testing/sample-trust.js'
import { StreamServer } from '../../libs/client/src/testing/stream-server.js'

let server: StreamServer
let url: string
beforeEach(async () => {
  server = new StreamServer()
  url = await server.start()
  server.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([{ version: 1, envelope: SAMPLE_ROSTER }]))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server.stop()
})

it('`watch` requests the policies that it watches, whichever the environment names', async () => {
  vi.stubEnv('HMS_POLICIES', 'a-limit')
  let stop = (): void => {}
  const texts = { stdout: '', stderr: '' }
  const io = ioForTest({ env: { HMS_URL: url }, interrupt: (fire) => void (stop = fire) }, texts)
  const ended = runCli(['watch', 'b-limit', 'c-limit', 'b-limit'], io)
  const visitor = await server.visitor()
  expect(visitor.query.get('policies')).toBe('b-limit,c-limit')
  visitor.send('snapshot', 1, [sampleDocument({ policy: { id: 'b-limit', version: '1.0.0', limit: 1 } })])
  await expect.poll(() => texts.stdout).toContain('b-limit 1.0.0')
  stop()
  expect(await ended).toBe(130)
})

it('`watch` of policies without an approved version ends at its timeout, and reports it', async () => {
  const texts = { stdout: '', stderr: '' }
  let [at, tick] = [0, (): void => {}]
  const io = {
    ...ioForTest({ env: { HMS_URL: url } }, texts),
    now: () => at,
    every: (_ms: number, each: () => void) => ((tick = each), () => {}),
  }
  const ended = runCli(['watch', 'nosuch', '--timeout', '3s'], io)
  const visitor = await server.visitor()
  visitor.send('snapshot', 1, [])
  await expect.poll(() => texts.stderr).toContain('no version of nosuch is in force yet')
  at = 2_999
  tick()
  at = 3_000
  tick()
  expect(await ended).toBe(4)
  expect(texts.stderr).toContain('[HMS_POLICY_NOT_FOUND]')
})

it('`watch` of a policy in force continues after its timeout, until Ctrl-C', async () => {
  const texts = { stdout: '', stderr: '' }
  let [at, tick, stop] = [0, (): void => {}, (): void => {}]
  const io = {
    ...ioForTest({ env: { HMS_URL: url }, interrupt: (fire) => void (stop = fire) }, texts),
    now: () => at,
    every: (_ms: number, each: () => void) => ((tick = each), () => {}),
  }
  const ended = runCli(['watch', 'b-limit', '--timeout', '3s'], io)
  const visitor = await server.visitor()
  visitor.send('snapshot', 1, [sampleDocument({ policy: { id: 'b-limit', version: '1.0.0', limit: 1 } })])
  await expect.poll(() => texts.stdout).toContain('b-limit 1.0.0')
  at = 60_000
  tick()
  visitor.send('change', 2, [sampleDocument({ seq: 2, revision: 2, policy: { id: 'b-limit', version: '2.0.0', limit: 2 } })])
  await expect.poll(() => texts.stdout).toContain('b-limit 1.0.0 → 2.0.0')
  stop()
  expect(await ended).toBe(130)
})

it('`watch` without a server ends at its time-out with 11', async () => {
  const texts = { stdout: '', stderr: '' }
  const io = ioForTest({ env: { HMS_URL: 'http://127.0.0.1:9' } }, texts)
  expect(await runCli(['watch', 'b-limit', '--timeout', '300ms'], io)).toBe(11)
})

it('`watch` ends on Ctrl-C before the first copy', async () => {
  const texts = { stdout: '', stderr: '' }
  let stop = (): void => {}
  const io = ioForTest({ env: { HMS_URL: url }, interrupt: (fire) => void (stop = fire) }, texts)
  const ended = runCli(['watch', 'b-limit', '--timeout', '30s'], io)
  await server.visitor()
  const pressedAt = performance.now()
  stop()
  expect(await ended).toBe(130)
  expect(performance.now() - pressedAt).toBeLessThan(10_000)
})

it('`watch` of policies without an approved version ends at its timeout after the clock was set back', async () => {
  const texts = { stdout: '', stderr: '' }
  let [at, tick] = [3_600_000, (): void => {}]
  const io = {
    ...ioForTest({ env: { HMS_URL: url } }, texts),
    now: () => at,
    every: (_ms: number, each: () => void) => ((tick = each), () => {}),
  }
  const ended = runCli(['watch', 'nosuch', '--timeout', '3s'], io)
  const visitor = await server.visitor()
  visitor.send('snapshot', 1, [])
  await expect.poll(() => texts.stderr).toContain('no version of nosuch is in force yet')
  at = 0
  tick()
  expect(await ended).toBe(4)
})

it('the help of `watch` explains its timeout', async () => {
  const texts = { stdout: '', stderr: '' }
  expect(await runCli(['watch', '--help'], ioForTest({ env: {} }, texts))).toBe(0)
  expect(texts.stdout.replaceAll(/\s+/g, ' ')).toContain(
    'limits the wait for a first version: exit 4 if there is none, 11 if no server responds',
  )
})
