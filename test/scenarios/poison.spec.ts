import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DeadLetterSummary, DeadLetterView } from '#libs/contracts'
import { runForTest } from '../../apps/cli/src/testing/run-cli.js'
import { LintRun } from '../../apps/linter/src/lint-run/lint-run.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

describe('a handler with a bug', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let run: number
  let letter: DeadLetterSummary

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    const linter = system.host.app.get(LintRun, { strict: false })
    const { execute } = linter
    vi.spyOn(linter, 'execute').mockImplementation(async (...args) => {
      if (args[1].releases[0]!.id === 'pm25') throw new TypeError("Cannot read properties of undefined (reading 'limit')")
      return execute.apply(linter, args)
    })
    run = await press.approve(['pm25@1.0.0=35'], AT_ONCE)
    await press.whenState(run, 'FAILED')
    letter = JSON.parse((await cli('dlq', 'list', '--json')).stdout)[0]
  })

  afterEach(() => system.stop())

  const cli = (...argv: string[]) => runForTest(argv, { env: { HMS_URL: system.url } })
  const fix = (): void => void vi.restoreAllMocks()
  const path = (verb: string): string => `/v1/dead-letters/linter/${letter.id}/${verb}`

  it('fails the run with that reason, and that run alone', async () => {
    const shown = await cli('runs', 'show', String(run))
    expect(shown.stdout).toMatch(/POISONED/)
    expect(shown.stdout).toContain('next: hms-svc dlq list')
    expect(letter.detail).toContain("reading 'limit'")
    const other = await press.approve(['ozone@1.0.0=70'], AT_ONCE)
    await press.whenState(other, 'SUCCEEDED')
    fix()
    const next = await press.approve(['pm25@1.0.1=35'], AT_ONCE)
    await press.whenState(next, 'SUCCEEDED')
  })

  it('leaves one letter, which names the run and what to do', async () => {
    expect(letter).toMatchObject({
      service: 'linter',
      topic: 'hms.approval.v1',
      key: 'pm25',
      run,
      code: 'HMS_EVENT_HANDLER_FAILED',
      tries: 3,
      state: 'waiting',
    })
    const shown = await cli('dlq', 'show', letter.id)
    expect(shown.code).toBe(0)
    expect(shown.stdout).toContain(`next: hms-svc dlq replay linter/${letter.id}`)
    const view = JSON.parse((await cli('dlq', 'show', `linter/${letter.id}`, '--json')).stdout) as DeadLetterView
    expect(JSON.parse(view.value!)).toMatchObject({ payloadType: 'application/vnd.in-toto+json' })
  })

  it('can be fixed and the event replayed, which does not revive the ended run', async () => {
    await expect(press.api.post(path('replay'), {})).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_FAILED', status: 422 })
    fix()
    expect(await press.api.post(path('replay'), {})).toMatchObject({ state: 'replayed', closed: { by: expect.any(String) } })
    await expect(press.api.post(path('replay'), {})).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_CLOSED', status: 409 })
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'FAILED', reason: 'POISONED' })
    await expect(press.limit('pm25')).rejects.toMatchObject({ code: 'HMS_POLICY_NOT_FOUND' })
    await expect(press.api.get(`/v1/canaries/${run}`)).rejects.toMatchObject({ status: 404 })
  })

  it('can be left behind: discarded with a reason, by a caller with the right', async () => {
    expect(await cli('dlq', 'discard', letter.id)).toMatchObject({ code: 2 })
    expect(await cli('dlq', 'discard', letter.id, '--reason', 'run approved anew')).toMatchObject({ code: 3 })
    await expect(press.api.post(path('discard'), { reason: '  ' })).rejects.toMatchObject({ code: 'HMS_HTTP_BODY_INVALID', status: 400 })
    expect(await press.api.post(path('discard'), { reason: 'run approved anew' })).toMatchObject({
      state: 'discarded',
      closed: { reason: 'run approved anew' },
    })
    expect(JSON.parse((await cli('dlq', 'list', '--json')).stdout)).toEqual([])
    expect(JSON.parse((await cli('dlq', 'list', '--all', '--json')).stdout)).toMatchObject([{ id: letter.id, state: 'discarded' }])
  })
})
