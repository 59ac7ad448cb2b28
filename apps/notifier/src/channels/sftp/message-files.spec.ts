import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sampleAttempt } from '../sample-attempt.suite.js'
import { sampleRelease } from '../sample-release.suite.js'
import { documentName, messageFiles } from './message-files.js'

const attempt = sampleAttempt({ kind: 'email', to: 'a@b.example' })
const named = (policy: string, version: string, id = 'run_1'): string => documentName({ id, content: { policy, version } })

describe('the files of a message', () => {
  it('are checksum, signature and document, in this order and named after the document', async () => {
    const files = await messageFiles(attempt, async (bytes) => `signed ${bytes.length}`)
    const name = documentName(attempt)
    expect(files.map((file) => file.name)).toEqual([`${name}.sha256`, `${name}.sig`, name])
    const [sum, signature, document] = files.map(({ bytes }) => bytes)
    expect(sum!.toString()).toBe(`${createHash('sha256').update(document!).digest('hex')}  ${name}\n`)
    expect(signature!.toString()).toBe(`signed ${document!.length}`)
    expect(JSON.parse(document!.toString())).toEqual({ id: attempt.id, ...(JSON.parse(attempt.body.toString()) as object) })
  })

  it('contain every policy and every release of a bundle', async () => {
    const release = (id: string) => sampleRelease({ id, version: '1.0.0', effective: '2026-01-01T00:00:00Z' })
    const [first, second] = [await release('epa-pm25-limit'), await release('ozone')]
    const others = [{ ...attempt.content, policy: 'ozone', release: second }]
    const files = await messageFiles({ ...attempt, content: { ...attempt.content, release: first, others } }, async () => '')
    const [whole, document] = files.slice(2).map(({ bytes }) => JSON.parse(bytes.toString()) as { [name: string]: { id: string }[] })
    expect(document!['policies']!.map(({ id }) => id)).toEqual(['epa-pm25-limit', 'ozone'])
    expect(whole).toEqual({ releases: [first, second].map(({ envelope }) => ({ envelope, proof: null })) })
  })

  it('are the same on every attempt', async () => {
    const make = (): Promise<unknown> => messageFiles({ ...attempt }, async (bytes) => bytes.toString('hex'))
    expect(await make()).toEqual(await make())
  })

  it('are named after policy, version and message', () => {
    expect(named('epa-pm25-limit', '2.0.0')).toMatch(/^epa-pm25-limit_2\.0\.0_[0-9a-f]{12}\.json$/)
    expect(named('epa-pm25-limit', '2.0.0', 'run_2')).not.toBe(named('epa-pm25-limit', '2.0.0', 'run_1'))
    expect(named('a', '1.0.0-rc.1+build')).toContain('a_1.0.0-rc.1+build_')
  })

  it.each(['../../etc/passwd', '.ssh', 'a/b', 'a\\b', 'a\nb', 'a\0b', 'é', '', 'x'.repeat(300)])(
    'stay in the folder for any policy id and version: %j',
    (text) => {
      for (const name of [named(text, '1.0.0'), named('a', text)]) {
        expect(name).toMatch(/^[A-Za-z0-9+_-][A-Za-z0-9.+_-]*\.json$/)
        expect(`.${name}.release.0123456789ab.part`.length).toBeLessThanOrEqual(255)
      }
    },
  )
})
