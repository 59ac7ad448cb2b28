import type { RunDossier } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { describe, expect, it } from 'vitest'
import { ReleaseProofs } from './release-proofs.js'

describe('the proofs of a run', () => {
  // A rejection without a handler fails the run of the tests, and too many end a process.
  it('fail as a whole when the database does not respond', async () => {
    const failing = { documents: () => ({ get: () => Promise.reject(new Error('no database')) }) } as unknown as Transaction
    const release = { id: 'a-limit', releaseDigest: 'sha256:1', statement: {}, payloadType: '', signatures: [] }
    const dossier = { releases: [release], live: { 'a-limit': release, 'b-limit': release }, proofs: [] } as unknown as RunDossier
    const proofs = new ReleaseProofs(undefined as never, undefined as never)
    await expect(proofs.attach(failing, dossier)).rejects.toThrow('no database')
    await new Promise((resolve) => setImmediate(resolve))
  })
})
