import { createPrivateKey, type KeyObject } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, toHex } from '#libs/contracts'
import { rawPublicKey } from '../keys.js'
import { localSigner } from '../signer.js'
import { formatCheckpoint, readCheckpoint, verifyCheckpoint } from './checkpoint.js'
import { HashTree } from './hash-tree.js'
import { leafHash, nodeHash } from './merkle.js'
import { cosign, NOTE_COSIGNATURE, NOTE_ED25519, openNote, readVkey, signNote, verifyNote, vkeyOf } from './note.js'
import { entryBundle, readEntryBundle, readTilePath, tilePath, tileWidth } from './tiles.js'
import { formatTlogProof, readTlogProof, verifyTlogProof } from './tlog-proof.js'
import { verifyConsistency, verifyInclusion } from './verify-proof.js'

function keyOfSeed(byte: number): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function treeOf(entries: readonly Buffer[]): HashTree {
  const tree = new HashTree()
  for (const entry of entries) tree.append(leafHash(entry))
  return tree
}

const logKey = keyOfSeed(1)
const witnessKey = keyOfSeed(2)
const ORIGIN = 'hms-svc.example/audit'
const WITNESS = 'watchdog.example/w1'
const LOG_VKEY = 'hms-svc.example/audit+1b903ed9+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c'
const WITNESS_VKEY = 'watchdog.example/w1+93b0b68c+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU'
const policy = { log: readVkey(LOG_VKEY), witnesses: [readVkey(WITNESS_VKEY)], quorum: 1 }
const entryOf = (index: number): Buffer => Buffer.from(canonicalJson({ run: 184, seq: index, type: 'stage.passed' }))
const entries = Array.from({ length: 700 }, (_, index) => entryOf(index))
const tree = treeOf(entries)
const NOTE = [
  ORIGIN,
  '700',
  'BFGyLWdJbtSJGW3uR/DCSvAKJ0X73FcMNvHDuzqV4vU=',
  '',
  '— hms-svc.example/audit G5A+2Q8qk3jr69NYPj+fvOvSuBXUkND4yeVRl2lVDSLZdXEkWhJhsSFLf+JwEgOUeG2DgFm5rZzz9GAoCFwnxMhuSgU=',
  '— watchdog.example/w1 k7C2jAAAAABm066AtU4kOjTSioJUmfaZYA3p8/Oo7poFiCyzkubm2HHXt6atEEYBxvbUOW6AGKCFsCh+cFVKfkwq6tEaDIRA91CwDg==',
  '',
].join('\n')

describe('a Merkle tree of RFC 6962', () => {
  it('has the roots of transparency-dev/merkle', () => {
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) =>
      Buffer.from(hex, 'hex'),
    )
    const roots = treeOf(leaves)
    expect(toHex(roots.root(0))).toMatch(/^e3b0c442/)
    expect(toHex(roots.root(1))).toMatch(/^6e340b9c.*afa01d$/)
    expect(toHex(roots.root(2))).toBe('fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125')
    expect(toHex(roots.root(3))).toBe('aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77')
    expect(toHex(roots.root(8))).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
    expect(toHex(leafHash(Buffer.from('L123456')))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56')
  })

  it('proves every leaf of every tree up to 130, and every older tree', () => {
    let proofs = 0
    for (let size = 1; size <= 130; size++) {
      const root = tree.root(size)
      for (let index = 0; index < size; index++) {
        expect(verifyInclusion(leafHash(entries[index]!), index, size, tree.inclusion(index, size), root)).toBe(true)
        expect(verifyConsistency(index + 1, tree.root(index + 1), size, root, tree.consistency(index + 1, size))).toBe(true)
        proofs += 2
      }
      expect(verifyConsistency(0, tree.root(0), size, root, [])).toBe(true)
    }
    expect(proofs).toBe(17_030)
  })

  it('rejects proofs for another leaf, index, size or root, and with another order or length', () => {
    const cases = fc.record({ size: fc.integer({ min: 1, max: 200 }), at: fc.nat(), other: fc.nat(), byte: fc.nat(), swap: fc.nat() })
    fc.assert(
      fc.property(cases, ({ size, at, other, byte, swap }) => {
        const index = at % size
        const leaf = leafHash(entries[index]!)
        const path = tree.inclusion(index, size)
        const root = tree.root(size)
        const elsewhere = other % size
        if (elsewhere !== index) expect(verifyInclusion(leaf, elsewhere, size, path, root)).toBe(false)
        expect(verifyInclusion(leafHash(entries[(index + 1) % 700]!), index, size, path, root)).toBe(false)
        expect(verifyInclusion(leaf, index, size, [...path, root], root)).toBe(false)
        expect(verifyInclusion(leaf, index, size, path, tree.root(size + 1))).toBe(false)
        if (path.length > 0) {
          expect(verifyInclusion(leaf, index, size, path.slice(1), root)).toBe(false)
          const edited = path.map((hash) => Buffer.from(hash))
          edited[swap % path.length]![byte % 32]! ^= 1
          expect(verifyInclusion(leaf, index, size, edited, root)).toBe(false)
        }
        const old = (at % size) + 1
        const consistency = tree.consistency(old, size)
        if (old < size) {
          expect(verifyConsistency(old, root, size, root, consistency)).toBe(false)
          expect(verifyConsistency(old, tree.root(old), size, tree.root(old), consistency)).toBe(false)
          expect(verifyConsistency(old, tree.root(old), size, root, consistency.slice(1))).toBe(false)
          expect(verifyConsistency(old, tree.root(old), size, root, [...consistency, root])).toBe(false)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('the log', () => {
  it('has the hashes and proof lengths of two independent libraries', () => {
    expect(toHex(leafHash(entries[0]!))).toBe('2335076b4a12c52ecf0671e27296a43aec90cb2105b6e2685a4d157cc80ede29')
    expect(toHex(nodeHash(leafHash(entries[0]!), leafHash(entries[1]!)))).toBe(
      '1ff963d95deb1bc69e0aaa0c2242ecebfc9810c1184bcd1c15abb1a16e5412d0',
    )
    expect([tree.inclusion(0).length, tree.consistency(300).length]).toEqual([10, 9])
  })

  it('signs and cosigns a checkpoint with exactly the expected bytes', async () => {
    const body = formatCheckpoint({ origin: ORIGIN, size: 700, root: tree.root() })
    const log = await signNote(body, policy.log, localSigner(logKey))
    const witness = await cosign(body, 1_725_148_800, policy.witnesses[0]!, localSigner(witnessKey))
    expect(log + witness).toBe(NOTE)
    expect(vkeyOf(ORIGIN, NOTE_ED25519, rawPublicKey(logKey))).toBe(LOG_VKEY)
    expect(vkeyOf(WITNESS, NOTE_COSIGNATURE, rawPublicKey(witnessKey))).toBe(WITNESS_VKEY)
  })

  it('verifies a checkpoint with its quorum, and returns when the quorum was reached', () => {
    expect(verifyCheckpoint(NOTE, policy)).toEqual({ origin: ORIGIN, size: 700, root: tree.root(), witnessedAt: 1_725_148_800 })
    expect(verifyCheckpoint(NOTE, { ...policy, quorum: 0 })).not.toHaveProperty('witnessedAt')
  })

  it('rejects a checkpoint with any changed or missing character, or of another log', () => {
    for (let at = 0; at < NOTE.length; at++) {
      const other = NOTE[at] === 'A' ? 'B' : 'A'
      expect(() => verifyCheckpoint(NOTE.slice(0, at) + other + NOTE.slice(at + 1), policy)).toThrow(/^HMS_/)
      expect(() => verifyCheckpoint(NOTE.slice(0, at) + NOTE.slice(at + 1), policy)).toThrow(/^HMS_/)
    }
    expect(() => verifyCheckpoint(NOTE, { ...policy, witnesses: [] })).toThrow('HMS_CHECKPOINT_UNWITNESSED')
    expect(() => verifyCheckpoint(NOTE, { ...policy, log: { ...policy.log, name: 'other.example/log' } })).toThrow('HMS_CHECKPOINT_INVALID')
  })

  it('counts a witness once, and ignores signatures of unknown types', () => {
    const [, , , , , witness = ''] = NOTE.split('\n')
    const unknown = `— future.example/w2 ${Buffer.concat([Buffer.from('00000000', 'hex'), Buffer.of(6, 1, 2, 3)]).toString('base64')}\n`
    expect(() => verifyCheckpoint(`${NOTE}${witness}\n`, { ...policy, quorum: 2 })).toThrow('HMS_CHECKPOINT_UNWITNESSED')
    expect(verifyCheckpoint(NOTE + unknown, policy).size).toBe(700)
  })

  it('proves an entry with the proof alone', () => {
    const proof = formatTlogProof({ index: 250, path: tree.inclusion(250), checkpoint: NOTE })
    expect(readTlogProof(proof)).toEqual({ index: 250, path: tree.inclusion(250), checkpoint: NOTE })
    expect(verifyTlogProof(entries[250]!, proof, [policy])).toMatchObject({ index: 250, size: 700, witnessedAt: 1_725_148_800 })
    expect(() => verifyTlogProof(entries[251]!, proof, [policy])).toThrow('HMS_PROOF_INVALID')
    expect(() => verifyTlogProof(entries[250]!, proof.replace('index 250', 'index 251'), [policy])).toThrow('HMS_PROOF_INVALID')
    for (const broken of ['', 'c2sp.org/tlog-proof@v1\n', proof.slice(0, 40), proof.replace('@v1', '@v2')])
      expect(() => readTlogProof(broken)).toThrow('HMS_PROOF_INVALID')
  })
})

describe('a signed note', () => {
  it('of the C2SP specification verifies', () => {
    const key = readVkey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
    expect(key).toMatchObject({ name: 'example.com/foo', id: '530d903a', type: NOTE_ED25519 })
  })

  it.each(['', 'x', 'a\n\n', 'a\n\n— b\n', 'a\n\n— b AAAA\n', 'a\n\n- b AAAAAAAA\n', `${'x'.repeat(70_000)}\n\n— b AAAAAAAA\n`])(
    'is not %j',
    (text) => {
      expect(() => openNote(text.slice(0, 70_010))).toThrow('HMS_NOTE_INVALID')
    },
  )

  it.each([
    '',
    'a+b',
    'x+00000000+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c',
    'hms-svc.example/audit+1b903ed9+BoqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c',
  ])('has no key %j', (vkey) => {
    expect(() => readVkey(vkey)).toThrow(/^HMS_/)
  })

  it('may contain an empty line: the last one ends the text', async () => {
    const body = 'one\n\ntwo\n'
    const note = openNote(await signNote(body, policy.log, localSigner(logKey)))
    expect(note.body).toBe(body)
    expect(verifyNote(note, [policy.log])).toHaveLength(1)
  })
})

describe('a checkpoint body', () => {
  it.each(['a\n1\n', 'a\n01\nAAAA\n', `a\n1\n${'A'.repeat(43)}=\nextra\n`, `a\n-1\n${'A'.repeat(43)}=\n`, `a\n1\n${'A'.repeat(42)}B=\n`])(
    'is not %j',
    (body) => {
      expect(() => readCheckpoint(body)).toThrow('HMS_CHECKPOINT_INVALID')
    },
  )
})

describe('tiles', () => {
  it('have exactly one path each', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('0/x001/x234/067')
    expect(tilePath({ level: 'entries', index: 3, width: 17 })).toBe('entries/003.p/17')
    const tiles = fc.record({
      level: fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 59 })),
      index: fc.nat(),
      width: fc.integer({ min: 1, max: 256 }),
    })
    fc.assert(fc.property(tiles, (tile) => void expect(readTilePath(tilePath(tile))).toEqual(tile)))
  })

  it.each(['', '0', '0/1', '0/0001', '0/x000/001', '0/001.p/0', '0/001.p/256', '0/001.p/017', '60/001', '../001', 'entries/001/'])(
    'have no path %j',
    (path) => {
      expect(readTilePath(path)).toBeUndefined()
    },
  )

  it('grow with the tree', () => {
    expect([tileWidth(0, 0, 700), tileWidth(0, 2, 700), tileWidth(0, 3, 700), tileWidth(1, 0, 700), tileWidth('entries', 2, 700)]).toEqual([
      256, 188, 0, 2, 188,
    ])
  })

  it('contain entries of any length up to 65,535 bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 })),
        (list) => void expect(readEntryBundle(entryBundle(list)).map((entry) => [...entry])).toEqual(list.map((entry) => [...entry])),
      ),
    )
    expect(() => readEntryBundle(Buffer.from([0, 5, 1]))).toThrow('truncated')
    expect(() => entryBundle([Buffer.alloc(65_536)])).toThrow(RangeError)
  })
})
