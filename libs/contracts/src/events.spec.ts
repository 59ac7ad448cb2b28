import { describe, expect, it } from 'vitest'
import { summaryOf } from './events.js'
import type { RunDossier } from './dossier.js'

const release = (id: string, version: string) => ({ id, version, signatures: [{ keyid: 'k', sig: 's' }] })
const dossier = (...releases: object[]) => ({ run: 184, attempt: 1, releases }) as unknown as RunDossier
const failure = { run: 184, attempt: 1, label: 'Canary', next: [] }

describe('the summary of an event', () => {
  it('names run, versions, what happened, and how many bots acknowledged', () => {
    const summary = '10 of 10 bots acknowledged; 0 unexplained alerts'
    const passed = { dossier: dossier(release('epa-pm25-limit', '2.0.0')), summary, label: 'Canary 5% traffic (National Capital Region)' }
    expect(summaryOf('hms.canary.passed.v1', passed, { run: 184, key: 'epa-pm25-limit' })).toBe(
      'run 184 epa-pm25-limit@2.0.0: canary passed, 10 of 10 bots acknowledged',
    )
  })

  it('names the first policies of a bundle, and counts the others', () => {
    const releases = Array.from({ length: 200 }, (_, n) => release(`policy-${n}`, '1.0.0'))
    const data = { dossier: dossier(...releases), findings: [] }
    expect(summaryOf('hms.lint.passed.v1', data, { key: 'policy-0' })).toBe(
      'policy-0@1.0.0, policy-1@1.0.0, policy-2@1.0.0, policy-3@1.0.0 and 196 more: lint passed, 0 findings',
    )
  })

  it('contains a reason that is a code, and leaves one out that a person wrote', () => {
    const of = (reason: string, detail: string): string =>
      summaryOf('hms.rollout.failed.v1', { ...failure, reason, detail }, { run: 184, key: 'pm25' })
    expect(of('ACK_TIMEOUT', '63 of 64 bots acknowledged; 1 silent, accepted by EPA Chief')).toBe(
      'run 184 pm25: rollout failed, ACK_TIMEOUT, 63 of 64 bots acknowledged',
    )
    expect(of('the minister called', 'by EPA Chief')).toBe('run 184 pm25: rollout failed')
  })

  it('is printable and short, whatever a bot is called', () => {
    const data = { id: 'a', bot: 'x', region: 'NCR', kind: 'k', reading: null, value: null, receivedAt: '', connected: false, ofRun: null }
    const summary = summaryOf('hms.alert.reported.v1', data, { key: `b\u{1b}[2Jö\n${'x'.repeat(500)}` })
    expect(summary).toMatch(/^b\?\[2J\?\?x{10}[\x20-\x7e]*$/)
    expect(summary).toHaveLength(200)
  })
})
