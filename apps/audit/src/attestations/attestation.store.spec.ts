import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LOG_ADAPTERS, type LogStores } from '../testing/log-adapters.suite.js'
import type { DigestedAttestation } from './attestation.js'

const attested = (digest: string, run: number | null, type = 'hms.lint.passed.v1'): DigestedAttestation => ({
  digest,
  run,
  attempt: run === null ? null : 1,
  source: '/hms-svc/linter',
  type,
  envelope: { payload: digest, payloadType: 'application/vnd.in-toto+json', signatures: [] },
})

describe.each(LOG_ADAPTERS)('attestations in %s', (_name, open) => {
  let stores: LogStores
  beforeAll(async () => {
    stores = await open()
  })
  afterAll(() => stores.close())

  const add = (...attestations: DigestedAttestation[]): Promise<void> =>
    stores.database.transaction(async (tx) => {
      for (const attestation of attestations) await stores.attestations.add(tx, attestation)
    })
  const ofRun = (run: number) => stores.database.transaction((tx) => stores.attestations.ofRun(tx, run))

  it('are returned by run, in order of arrival and as signed', async () => {
    await add(attested('b', 7), attested('z', 8), attested('a', 7, 'hms.simulation.passed.v1'), attested('n', null))
    expect(await ofRun(7)).toEqual(
      [attested('b', 7), attested('a', 7, 'hms.simulation.passed.v1')].map(({ digest: _digest, ...rest }) => rest),
    )
    expect(await ofRun(9)).toEqual([])
  })

  it('are ignored if they are already stored', async () => {
    await add(attested('c', 10), { ...attested('c', 11), source: '/hms-svc/simulator' })
    expect([await ofRun(10), await ofRun(11)]).toMatchObject([[{ source: '/hms-svc/linter' }], []])
  })

  it('are not stored if the transaction fails', async () => {
    const failing = stores.database.transaction(async (tx) => {
      await stores.attestations.add(tx, attested('d', 12))
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect(await ofRun(12)).toEqual([])
  })
})
