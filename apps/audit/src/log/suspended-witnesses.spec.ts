import { expect, it } from 'vitest'
import { Metrics, silentLogger, systemClock } from '#libs/platform'
import type { NoteKey } from '#libs/signing'
import { SuspendedWitnesses } from './suspended-witnesses.js'

const key = (name: string, id = name): NoteKey => ({ name, id }) as unknown as NoteKey

it('counts each witness from the start, 1 while it is suspended, and drops one that is named no longer', async () => {
  const metrics = new Metrics()
  const witnesses = new SuspendedWitnesses(systemClock, silentLogger, metrics)
  const lines = async (): Promise<string[]> => (await metrics.render()).match(/^hms_svc_audit_witness_suspended.*/gm) ?? []
  const of = (name: string, value: number): string => `hms_svc_audit_witness_suspended{witness="${name}"} ${value}`
  witnesses.keepOnly([key('a'), key('b')])
  expect(await lines()).toEqual([of('a', 0), of('b', 0)])
  witnesses.suspend(key('b'), 'saw more')
  witnesses.keepOnly([key('a'), key('b'), key('b', 'another key')])
  expect(await lines()).toEqual([of('a', 0), of('b', 1)])
  witnesses.keepOnly([key('a')])
  expect(await lines()).toEqual([of('a', 0)])
})
