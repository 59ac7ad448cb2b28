import { digestInGroups, REMOVED_FIELD, statementFields, valueOfField } from '#libs/contracts'
import { digestOf, writeRunDecision } from '#libs/signing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkShown, type Shown } from './check-shown.js'

const policy = { id: 'epa-pm25-limit', version: '2.0.0', limit: 25, areas: { 'a b': [1, { deep: 'x' }] }, tags: [] as string[] }
const predicateType = 'https://hms-svc.dev/attestation/release/v1'
const statement = JSON.stringify({ predicateType, predicate: { policy, releaseEpoch: 2, author: null } })

function shownOf(text: string, changes: Shown['changes'] = []): Shown {
  const bytes = Buffer.from(text)
  return { digest: digestInGroups(digestOf(bytes)), bytes: bytes.toString('base64'), lines: statementFields(text), changes }
}

describe('what the page shows', () => {
  const whole = shownOf(statement, [
    { field: 'limit', to: '25' },
    { field: 'areas."a b".1.deep', to: '"x"' },
    { field: 'gone', to: REMOVED_FIELD },
  ])

  it('is what the bytes say, digest, fields and changes', async () => {
    await expect(checkShown(whole, 'approval')).resolves.toBeUndefined()
    const { payload } = writeRunDecision({
      run: 1,
      attempt: 1,
      subject: digestOf('x'),
      decision: 'abort',
      reason: 'b\u202ead',
      at: new Date(),
    })
    await expect(checkShown(shownOf(payload.toString()), 'statement')).resolves.toBeUndefined()
  })

  it.each(['roster', 'request', 'decision', 'freeze', 'event'])('is no %s that names the policy too', async (kind) => {
    const text = statement.replace('/release/', `/${kind}/`)
    await expect(checkShown(shownOf(text), 'approval')).rejects.toThrow(`the bytes are a ${kind}`)
  })

  it.each(['roster', 'request', 'release', 'head'])('is no %s where a decision is signed', async (kind) => {
    const text = statement.replace('/release/', `/${kind}/`)
    await expect(checkShown(shownOf(text), 'statement')).rejects.toThrow(`the bytes are a ${kind}`)
  })

  it('may be anything but break-glass, which no page signs', async () => {
    const text = JSON.stringify({
      predicateType,
      predicate: { policy, releaseEpoch: 2, author: null, breakGlass: { reason: 'wrong sensor' } },
    })
    await expect(checkShown(shownOf(text), 'approval')).rejects.toThrow('this is break-glass')
  })

  it.each<[string, Partial<Shown>, string]>([
    ['another digest', { digest: digestInGroups(digestOf('other')) }, 'the digest shown is not that of the bytes'],
    [
      'other bytes under the same digest',
      { bytes: Buffer.from(statement.replace('25', '35')).toString('base64') },
      'the digest shown is not',
    ],
    [
      'a field that was changed',
      { lines: whole.lines.map((line) => (line.field === 'policy.limit' ? { ...line, value: '35' } : line)) },
      'policy.limit 25',
    ],
    ['a field that was left out', { lines: whole.lines.slice(0, -1) }, 'the fields shown are not those of the bytes'],
    [
      'a field that was added',
      { lines: [...whole.lines, { field: 'policy.more', value: '1' }] },
      'the fields shown are not those of the bytes',
    ],
    ['a change to another value', { changes: [{ field: 'limit', to: '35' }] }, 'the page shows limit as 35, and the bytes say 25'],
    ['a change of type', { changes: [{ field: 'limit', to: '"25"' }] }, 'the bytes say 25'],
    ['a removal that is none', { changes: [{ field: 'limit', to: REMOVED_FIELD }] }, 'the bytes say 25'],
    ['a value that is not there', { changes: [{ field: 'gone', to: '1' }] }, 'the bytes say removed'],
  ])('may not be %s', async (_what, other, reason) => {
    await expect(checkShown({ ...whole, ...other }, 'approval')).rejects.toThrow(reason)
  })

  it('differs whenever two policies differ', () => {
    const value = fc.jsonValue({ maxDepth: 3 })
    fc.assert(
      fc.property(value, value, (one, two) => {
        const [left, right] = [one, two].map((each) => JSON.stringify(statementFields(JSON.stringify({ predicate: { policy: each } }))))
        expect(left === right).toBe(JSON.stringify(JSON.parse(JSON.stringify(one))) === JSON.stringify(JSON.parse(JSON.stringify(two))))
      }),
    )
  })

  it('names the fields as differences do', () => {
    expect(valueOfField(policy, 'tags')).toBe('[]')
    expect(valueOfField(policy, 'areas."a b"')).toBe('[1,{"deep":"x"}]')
    expect(valueOfField(policy, 'toString')).toBeUndefined()
  })
})
