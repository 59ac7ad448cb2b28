import { canonicalJson } from '#libs/contracts'
import {
  ApprovalTree,
  cosign,
  formatCheckpoint,
  formatTlogProof,
  generateKeyPair,
  HashTree,
  leafHash,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readVkey,
  signNote,
  verifyTlogProof,
  vkeyOf,
} from '#libs/signing'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkProof, type ProofToCheck } from './check-proof.js'

const ORIGIN = 'hms-svc.example/log'
const [log, witness, stranger] = [generateKeyPair(), generateKeyPair(), generateKeyPair()]
const logKey = vkeyOf(ORIGIN, NOTE_ED25519, rawPublicKey(log.publicKey))
const witnessKey = vkeyOf('witness.example', NOTE_COSIGNATURE, rawPublicKey(witness.publicKey))
const SEEN_AT = 1_790_000_000

/** A log of eleven entries; the seventh approves three releases. */
async function proofOf(): Promise<ProofToCheck> {
  const releases = ['a', 'b', 'c'].map((id) => ({ id: `policy-${id}`, version: '2.0.0', digest: `sha256:${id.repeat(64)}` }))
  const approval = new ApprovalTree(releases)
  const entry = canonicalJson({ v: 2, type: 'hms.approval.approved.v1', releases: approval.root })
  const entries = Array.from({ length: 11 }, (_, index) => (index === 6 ? entry : `{"v":1,"n":${index}}`))
  const tree = new HashTree()
  for (const each of entries) tree.append(leafHash(Buffer.from(each)))
  const body = formatCheckpoint({ origin: ORIGIN, size: tree.size, root: tree.root() })
  const note = await signNote(body, readVkey(logKey), localSigner(log.privateKey))
  const checkpoint = note + (await cosign(body, SEEN_AT, readVkey(witnessKey), localSigner(witness.privateKey)))
  const proof = formatTlogProof({ index: 6, path: tree.inclusion(6), checkpoint })
  const release = releases[1]!
  return { entry, proof, release, member: approval.member(release.digest), logs: [{ log: logKey, witnesses: [witnessKey], quorum: 1 }] }
}

describe('a proof that the page recomputes', () => {
  let proof: ProofToCheck
  beforeAll(async () => (proof = await proofOf()))

  it('holds where the CLI and bots accept it', async () => {
    const policy = { log: readVkey(logKey), witnesses: [readVkey(witnessKey)], quorum: 1 }
    expect(verifyTlogProof(Buffer.from(proof.entry), proof.proof, [policy])).toMatchObject({ index: 6, size: 11 })
    expect(await checkProof(proof)).toEqual({ index: 6, size: 11, witnesses: 1 })
  })

  const strange = vkeyOf(ORIGIN, NOTE_ED25519, rawPublicKey(stranger.publicKey))
  it.each<[string, (proof: ProofToCheck) => Partial<ProofToCheck>, string]>([
    ['another release', ({ release }) => ({ release: { ...release, version: '2.0.1' } }), 'does not name this release'],
    ['another place in the approval', ({ member }) => ({ member: { ...member, index: 0 } }), 'does not name this release'],
    ['an entry of no approval', () => ({ entry: '{"v":1,"n":6}' }), 'names no releases'],
    ['an entry that was changed', ({ entry }) => ({ entry: entry.replace('approved', 'Approved') }), 'does not hold this entry'],
    ['another index', (known) => ({ proof: known.proof.replace('index 6', 'index 5') }), 'does not hold this entry'],
    ['another size', (known) => ({ proof: known.proof.replace('\n11\n', '\n12\n') }), 'does not hold this entry|No log'],
    ['another log', () => ({ logs: [{ log: strange, witnesses: [], quorum: 0 }] }), 'No log that the roster names'],
    ['too few witnesses', ({ logs }) => ({ logs: [{ ...logs[0]!, quorum: 2 }] }), '1 witnesses saw it, and 2 are needed'],
    [
      'an earlier log after its end',
      ({ logs }) => ({ logs: [{ ...logs[0]!, until: '2020-01-01T00:00:00Z' }] }),
      'No log that the roster names',
    ],
    ['no proof', () => ({ proof: 'c2sp.org/tlog-proof@v2\n\n' }), 'cannot be read'],
  ])('does not hold for %s', async (_what, change, why) => {
    await expect(checkProof({ ...proof, ...change(proof) })).rejects.toThrow(new RegExp(why))
  })

  it('does not hold when a signature was cut from another checkpoint', async () => {
    const other = proof.proof.replace(/(— hms-svc\.example\/log )(.*)/, (_line, head: string, sig: string) => {
      const bytes = Buffer.from(sig, 'base64')
      bytes[20]! ^= 1
      return head + bytes.toString('base64')
    })
    await expect(checkProof({ ...proof, proof: other })).rejects.toThrow('No log that the roster names')
  })
})
