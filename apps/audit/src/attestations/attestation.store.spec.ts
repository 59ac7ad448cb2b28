import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LOG_TWINS, type LogTwin } from '../testing/log-twins.suite.js'
import type { ToldAttestation } from './attestation.js'

const told = (digest: string, run: number | null, type = 'hms.lint.passed.v1'): ToldAttestation => ({
  digest,
  run,
  attempt: run === null ? null : 1,
  source: '/hms-svc/linter',
  type,
  envelope: { payload: digest, payloadType: 'application/vnd.in-toto+json', signatures: [] },
})

describe.each(LOG_TWINS)('attestations in %s', (_name, open) => {
  let twin: LogTwin
  beforeAll(async () => {
    twin = await open()
  })
  afterAll(() => twin.close())

  const keep = (...attestations: ToldAttestation[]): Promise<void> =>
    twin.database.transaction(async (tx) => {
      for (const attestation of attestations) await twin.attestations.keep(tx, attestation)
    })
  const ofRun = (run: number) => twin.database.transaction((tx) => twin.attestations.ofRun(tx, run))

  it('are kept of each run in the order in which they came, as they were signed', async () => {
    await keep(told('b', 7), told('z', 8), told('a', 7, 'hms.simulation.passed.v1'), told('n', null))
    expect(await ofRun(7)).toEqual([told('b', 7), told('a', 7, 'hms.simulation.passed.v1')].map(({ digest: _digest, ...rest }) => rest))
    expect(await ofRun(9)).toEqual([])
  })

  it('that come again change nothing', async () => {
    await keep(told('c', 10), { ...told('c', 11), source: '/hms-svc/simulator' })
    expect([await ofRun(10), await ofRun(11)]).toMatchObject([[{ source: '/hms-svc/linter' }], []])
  })

  it('of a transaction that fails are not kept', async () => {
    const failing = twin.database.transaction(async (tx) => {
      await twin.attestations.keep(tx, told('d', 12))
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect(await ofRun(12)).toEqual([])
  })
})
