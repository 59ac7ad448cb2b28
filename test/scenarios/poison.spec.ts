import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { entrySentence, type AuditEntry, type DeadLetterSummary, type DeadLetterView, type LetterDecision } from '#libs/contracts'
import { DeadLetterBox } from '#libs/messaging'
import { generateKeyPair, letterDecision, localSigner, signDecision, type Signer } from '#libs/signing'
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

  describe('by a signed decision', () => {
    type Change = Partial<Omit<Parameters<typeof signDecision>[0], 'at'>> & { ageMs?: number }
    const shown = (): Promise<DeadLetterView> => press.api.get<DeadLetterView>(`/v1/dead-letters/linter/${letter.id}`)
    const decide = async (act: LetterDecision, { ageMs = 0, ...change }: Change = {}, by = 'EPA Chief') => {
      const at = new Date(system.clock.now().getTime() - ageMs)
      const statement = await signDecision({ ...letterDecision(act, await shown()), reason: 'bug fixed', at, ...change }, signerOf(by))
      return { statement, send: () => press.api.post(path('decisions'), { statement }) }
    }
    const logged = async (query: string): Promise<AuditEntry[]> => {
      const read = () => press.api.get<AuditEntry[]>(`/v1/audit/entries?type=hms.dead-letter.closed.v1&acts=true&${query}`)
      await system.runUntil(async () => (await read()).length > 0, 60_000)
      return read()
    }
    const signerOf = (name: string): Signer => system.signers.get(name) ?? localSigner(generateKeyPair().privateKey)
    const refused = (status: number, code: string) =>
      expect.objectContaining({ status, code, next: [expect.stringMatching(/^hms-svc (roster show|dlq show linter)/)] }) as unknown

    it('is replayed, and the trail names who, which letter and why', async () => {
      fix()
      const { statement, send } = await decide('replay')
      expect(await send()).toMatchObject({ state: 'replayed', closed: { by: 'EPA Chief', reason: 'handled', statement } })
      await expect(send()).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_CLOSED', status: 409 })
      const entries = await logged('by=EPA%20Chief')
      expect(entries.map(entrySentence)).toEqual([`EPA Chief replayed dead letter linter/${letter.id}: bug fixed`])
      expect(entries[0]!.acts![0]!.statements).toEqual([{ envelope: statement }])
    })

    it('runs its handler once where two equal decisions come at once, and the replay fails', async () => {
      const { tries } = await shown()
      const { send } = await decide('replay')
      // Both have read the letter before the first of them fails.
      const read = vi.spyOn(DeadLetterBox.prototype, 'get')
      vi.spyOn(system.host.app.get(LintRun, { strict: false }), 'execute').mockImplementation(async () => {
        await expect.poll(() => read.mock.calls.length).toBe(4)
        throw new TypeError('failed again')
      })
      const results = await Promise.allSettled([send(), send()])
      const codes = results.map((result) => (result.status === 'rejected' ? (result.reason as { code: string }).code : 'done'))
      expect(codes.toSorted()).toEqual(['HMS_DEAD_LETTER_FAILED', 'HMS_DEAD_LETTER_OTHER'])
      expect(await shown()).toMatchObject({ state: 'waiting', tries: tries + 1 })
    })

    it('is discarded, which the trail names too', async () => {
      const { send } = await decide('discard', { reason: 'of a drill' })
      expect(await send()).toMatchObject({ state: 'discarded', closed: { by: 'EPA Chief', reason: 'of a drill' } })
      const entries = await logged('order=newest')
      expect(entries.map(entrySentence)).toEqual([`EPA Chief discarded dead letter linter/${letter.id}: of a drill`])
    })

    it.each<[string, Change, number, string, string?]>([
      ['of an unknown key', {}, 403, 'HMS_DEAD_LETTER_SIGNATURE_INVALID', 'Mallory'],
      ['about another letter', { decision: 'discard dead letter linter/b2' }, 409, 'HMS_DEAD_LETTER_OTHER'],
      ['about another payload', { subject: `sha256:${'0'.repeat(64)}` }, 409, 'HMS_DEAD_LETTER_OTHER'],
      ['signed more than ten minutes ago', { ageMs: 601_000 }, 403, 'HMS_DEAD_LETTER_STATEMENT_EXPIRED'],
      ['with a reason that is too long', { reason: 'x'.repeat(1_001) }, 409, 'HMS_DEAD_LETTER_OTHER'],
    ])('is refused: %s', async (_what, change, status, code, by) => {
      const { send } = await decide('discard', change, by)
      await expect(send()).rejects.toEqual(refused(status, code))
      expect(await shown()).toMatchObject({ state: 'waiting' })
    })

    it('is refused where the signature was forged, and to another letter', async () => {
      const { statement } = await decide('discard')
      const forged = { ...statement, payload: Buffer.from(`${Buffer.from(statement.payload, 'base64').toString()} `).toString('base64') }
      await expect(press.api.post(path('decisions'), { statement: forged })).rejects.toEqual(
        refused(403, 'HMS_DEAD_LETTER_SIGNATURE_INVALID'),
      )
      const other = '00000000-0000-8000-8000-000000000000'
      await expect(press.api.post(`/v1/dead-letters/linter/${other}/decisions`, { statement })).rejects.toMatchObject({ status: 404 })
    })

    it('counts once: not again after the replay failed', async () => {
      const { send } = await decide('replay')
      await expect(send()).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_FAILED', status: 422 })
      await expect(send()).rejects.toEqual(refused(409, 'HMS_DEAD_LETTER_OTHER'))
      expect(await shown()).toMatchObject({ state: 'waiting', tries: 4 })
    })
  })
})

it('a person without a role decides about no dead letter', async () => {
  const system = await startMemorySystem({}, undefined, (roster) => {
    for (const role of roster.roles) role.principals = role.principals.filter((principal) => principal !== 'state-liaison')
  })
  const named = { service: 'linter', id: '00000000-0000-8000-8000-000000000000', digest: `sha256:${'0'.repeat(64)}` }
  const input = { ...letterDecision('discard', named), reason: 'r', at: system.clock.now() }
  const statement = await signDecision(input, system.signers.get('State Liaison')!)
  const call = new PipelineDriver(system).api.post(`/v1/dead-letters/linter/${named.id}/decisions`, { statement })
  await expect(call).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_NOT_ALLOWED', status: 403, next: ['hms-svc roster show'] })
  await system.stop()
})
