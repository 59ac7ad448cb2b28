import { describe, expect, it } from 'vitest'
import type { VerifiedEvent } from '#libs/contracts'
import { actorsOf, type Holders } from './actors.js'

const HOLDERS = {
  principalOfKey: (keyid: string) => (keyid === 'SHA256:chief' ? { id: 'chief', name: 'EPA Chief', kind: 'person', keys: [] } : undefined),
} as unknown as Holders

const of = (type: string, data: unknown): string[] => actorsOf({ type, data } as VerifiedEvent, HOLDERS)

describe('actorsOf', () => {
  it('returns the signers of a release, each once, by their names in the roster', () => {
    const signatures = [{ keyid: 'SHA256:chief', sig: 'x' }]
    const unknown = { signatures: [{ keyid: 'SHA256:unknown', sig: 'x' }] }
    expect(of('hms.approval.approved.v1', { dossier: { releases: [{ signatures }, { signatures }, unknown] } })).toEqual(['epa chief'])
    expect(of('hms.roster.rotated.v1', { version: 2, envelope: { signatures } })).toEqual(['epa chief'])
  })

  it('returns who decided about a run, lifted a freeze, revoked a token or withdrew a version', () => {
    expect(of('hms.run.decision-accepted.v1', { by: 'EPA Counsel', decision: 'pause' })).toEqual(['epa counsel'])
    expect(of('hms.freeze.lifted.v1', { freeze: { by: 'A', lifted: { by: 'B' } } })).toEqual(['b'])
    expect(of('hms.token.revoked.v1', { token: { createdBy: 'A', revokedBy: 'B' } })).toEqual(['b'])
    expect(of('hms.rollout.withdrawn.v1', { by: ['A', 'B'] })).toEqual(['a', 'b'])
    expect(of('hms.ticket.closed.v1', { ticket: { decided: null } })).toEqual([])
  })

  it('is empty for a superseded run, an event of a service and a malformed event', () => {
    expect(of('hms.run.decision-accepted.v1', { by: '12', decision: 'supersede' })).toEqual([])
    expect(of('hms.lint.passed.v1', { by: 'A' })).toEqual([])
    expect(of('hms.approval.approved.v1', { dossier: 7 })).toEqual([])
    expect(of('hms.approval.rejected.v1', { by: { name: 'A' } })).toEqual([])
  })
})
