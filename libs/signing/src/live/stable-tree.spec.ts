import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { provesStableHead, StableTree } from './stable-tree.js'

const digest = (seq: number): string => `sha256:${seq.toString(16).padStart(64, '0')}`
const headOf = (policy: string, seq = 1) => ({ policy, seq, current: digest(seq) })
const ids = fc.uniqueArray(fc.stringMatching(/^[a-z]{3,6}$/), { maxLength: 40 })

describe('the tree of stable heads', () => {
  it('proves each head in it, and the absence of any other policy', () => {
    fc.assert(
      fc.property(ids, fc.stringMatching(/^[a-z]{3,6}$/), (policies, other) => {
        const tree = new StableTree(policies.map((policy) => headOf(policy)))
        for (const policy of policies) expect(provesStableHead(tree.root, policy, headOf(policy), tree.proofOf(policy))).toBe(true)
        if (!policies.includes(other)) expect(provesStableHead(tree.root, other, undefined, tree.proofOf(other))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('does not prove an older head, or the absence of a policy that is in it', () => {
    fc.assert(
      fc.property(ids, fc.nat(), (policies, pick) => {
        fc.pre(policies.length > 0)
        const policy = policies[pick % policies.length]!
        const before = new StableTree(policies.map((id) => headOf(id)))
        const after = new StableTree(policies.map((id) => headOf(id, id === policy ? 2 : 1)))
        for (const proof of [before.proofOf(policy), after.proofOf(policy)]) {
          expect(provesStableHead(after.root, policy, headOf(policy), proof)).toBe(false)
          expect(provesStableHead(after.root, policy, undefined, proof)).toBe(false)
        }
        const without = new StableTree(policies.filter((id) => id !== policy).map((id) => headOf(id)))
        expect(provesStableHead(after.root, policy, undefined, without.proofOf(policy))).toBe(false)
      }),
      { numRuns: 30 },
    )
  })

  it('does not prove an absence with rows that are not adjacent', () => {
    const tree = new StableTree(['aaa', 'bbb', 'ccc', 'ddd'].map((policy) => headOf(policy)))
    const [a, c, d] = ['aaa', 'ccc', 'ddd'].map((policy) => tree.proofOf(policy)[0]!)
    for (const proof of [[a, c], [a], [d], [], [c, a], [a, c, d], null, [null], [{ ...a, path: ['x'] }], [{ ...a, seq: 2 ** 60 }]])
      expect(provesStableHead(tree.root, 'bbb', undefined, proof)).toBe(false)
    expect(provesStableHead(tree.root, 'zzz', undefined, [d])).toBe(true)
    expect(provesStableHead(tree.root, 'a', undefined, [a])).toBe(true)
  })

  it('has short proofs: ten hashes for a thousand heads', () => {
    const tree = new StableTree(Array.from({ length: 1_000 }, (_, index) => headOf(`policy-${index}`)))
    expect(JSON.stringify(tree.proofOf('policy-500')).length).toBeLessThan(700)
  })
})
