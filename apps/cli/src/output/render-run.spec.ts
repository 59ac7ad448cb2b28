import { describe, expect, it } from 'vitest'
import type { RunStage, RunView } from '#libs/contracts'
import { renderRun } from './render-run.js'

const at = (seconds: number): string => new Date(Date.UTC(2024, 8, 1) + seconds * 1000).toISOString()

function stage(name: RunStage['stage'], verdict: RunStage['verdict'], detail = '', label?: string): RunStage {
  return { stage: name, verdict, detail, label, startedAt: verdict === 'PENDING' ? null : at(0), endedAt: null }
}

const CANARY = 'Canary 5% traffic (National Capital Region)'
const SUCCEEDED: RunView = {
  digest: 'sha256:1',
  decisions: [],
  run: 184,
  state: 'SUCCEEDED',
  attempt: 1,
  policies: [{ id: 'epa-pm25-limit', version: '2.0.0', digest: 'sha256:00' }],
  stages: [
    stage('lint', 'PASS'),
    stage('simulate', 'PASS', '98.4% bots adapted'),
    stage('canary', 'PASS', '', CANARY),
    stage('rollout', 'PASS'),
    stage('notify', 'PASS', '6 sent'),
  ],
  createdAt: at(0),
  endedAt: at(11 * 60 + 42),
}

describe('renderRun', () => {
  it('prints the sample of the contract', () => {
    expect(renderRun(SUCCEEDED).join('\n')).toBe(
      [
        'RUN #184  epa-pm25-limit@2.0.0',
        '• Lint & Schema ............... PASS',
        '• Simulation Replay ........... PASS (98.4% bots adapted)',
        '• Canary 5% traffic (National Capital Region) .... PASS',
        '• Full Rollout ................ PASS',
        '• Partner Notifications ....... 6 sent',
        'DEPLOYMENT SUCCESSFUL  —  11 min 42 sec',
      ].join('\n'),
    )
  })

  it('prints below the closing line how soon the release was in force', () => {
    const seconds = { half: 21, most: 22, all: 22, partners: 23 }
    const clock = { bots: 300, current: 300, partners: 6, told: 6, toldInTime: 6, acknowledged: 0, seconds }
    expect(renderRun({ ...SUCCEEDED, clock }).at(-1)).toBe('In force: 300 of 300 bots after 22 s; 6 of 6 partners told after 23 s')
    expect(renderRun({ ...SUCCEEDED, state: 'WAITING', reason: 'EFFECTIVE_AT', clock }).at(-1)).toMatch(/^Held: 300 of 300 bots/)
  })

  it('prints every policy of a bundle, and the attempt', () => {
    const bundle = { ...SUCCEEDED, attempt: 2, policies: [...SUCCEEDED.policies, { id: 'epa-ozone-limit', version: '1.0.0', digest: '' }] }
    expect(renderRun(bundle)[0]).toBe('RUN #184  epa-pm25-limit@2.0.0, epa-ozone-limit@1.0.0  (attempt 2)')
  })

  it('names stage, reason and next command of a failed run', () => {
    const failed: RunView = {
      ...SUCCEEDED,
      state: 'FAILED',
      reason: 'LINT',
      stages: [stage('lint', 'FAIL', 'version 2.0.0 was used before'), stage('simulate', 'PENDING'), stage('notify', 'PENDING')],
      endedAt: at(41.3),
    }
    expect(renderRun(failed)).toEqual([
      'RUN #184  epa-pm25-limit@2.0.0',
      '• Lint & Schema ............... FAIL (version 2.0.0 was used before)',
      '• Simulation Replay ........... PENDING',
      '• Partner Notifications ....... PENDING',
      '✗ stopped at lint: LINT',
      '  next: hms-svc plan FILE',
      '  next: hms-svc approve FILE --sign NAME',
      'DEPLOYMENT FAILED  —  41 sec',
    ])
  })

  it.each([
    ['ROLLED_BACK', 'ROLLED BACK (UNEXPLAINED_ALERTS)  —  1 min'],
    ['ABORTED', 'ABORTED (UNEXPLAINED_ALERTS)  —  1 min'],
    ['SUPERSEDED', 'SUPERSEDED (UNEXPLAINED_ALERTS)  —  1 min'],
    ['STALE', 'STALE (UNEXPLAINED_ALERTS)  —  1 min'],
  ] as const)('prints the closing line of a run that is %s', (state, closing) => {
    const lines = renderRun({ ...SUCCEEDED, state, reason: 'UNEXPLAINED_ALERTS', endedAt: at(60) })
    expect(lines.at(-1)).toBe(closing)
    expect(lines.find((line) => line.startsWith('✗'))).toContain('UNEXPLAINED_ALERTS')
  })

  it('names the run that superseded it', () => {
    const end = {
      state: 'SUPERSEDED',
      reason: 'NEWER_RELEASE',
      detail: 'by run #185: epa-pm25-limit@2.1.0 takes its place',
      supersededBy: 185,
    }
    expect(renderRun({ ...SUCCEEDED, ...end, stages: [stage('canary', 'RUNNING')], endedAt: at(60) } as RunView).slice(2)).toEqual([
      '✗ stopped at canary: NEWER_RELEASE, by run #185: epa-pm25-limit@2.1.0 takes its place',
      '  next: hms-svc runs show 185',
      'SUPERSEDED (by run #185)  —  1 min',
    ])
  })

  it('names the person who rejected the release, the reason, and the next command', () => {
    const reason = { state: 'ABORTED', reason: 'REJECTED', detail: 'EPA Counsel: the unit is wrong' } as const
    expect(renderRun({ ...SUCCEEDED, ...reason, stages: [stage('lint', 'PENDING')], endedAt: at(60) }).slice(2)).toEqual([
      '✗ stopped before the first stage: REJECTED, EPA Counsel: the unit is wrong',
      '  next: hms-svc approve FILE --sign NAME',
      'ABORTED (REJECTED)  —  1 min',
    ])
  })

  it('names the stage at which a run is paused, without a duration', () => {
    const paused: RunView = {
      ...SUCCEEDED,
      state: 'PAUSED',
      reason: 'NO_EVIDENCE',
      stages: [stage('lint', 'PASS'), stage('canary', 'INCONCLUSIVE', 'no bot connected', CANARY)],
      endedAt: null,
    }
    expect(renderRun(paused).slice(2)).toEqual([
      `• ${CANARY} .... INCONCLUSIVE (no bot connected)`,
      '✗ stopped at canary: NO_EVIDENCE',
      '  next: hms-svc runs resume 184 --reason TEXT --sign NAME',
      '  next: hms-svc runs promote 184 --reason TEXT --sign NAME',
      '  next: hms-svc runs retry 184 --reason TEXT --sign NAME',
      '  next: hms-svc runs abort 184 --reason TEXT --sign NAME',
      'PAUSED (NO_EVIDENCE)',
    ])
    const simulated = { ...paused, stages: [stage('simulate', 'INCONCLUSIVE', 'no bots registered')] }
    expect(renderRun(simulated).filter((line) => line.includes('next:'))).toEqual([
      '  next: hms-svc runs retry 184 --reason TEXT --sign NAME',
      '  next: hms-svc runs abort 184 --reason TEXT --sign NAME',
    ])
  })

  it('lists the decisions with their signers', () => {
    const said = { id: 'sha256:2', by: 'EPA Chief', reason: 'bot is broken', at: at(9) }
    const aborted: RunView = {
      ...SUCCEEDED,
      state: 'ABORTED',
      reason: 'DECIDED',
      detail: 'EPA Chief: bot is broken',
      stages: [stage('canary', 'INCONCLUSIVE', 'ACK_TIMEOUT: 0 of 1 bot acknowledged; silent: mute-1', CANARY)],
      decisions: [
        { ...said, decision: 'resume', outcome: 'late' },
        { ...said, decision: 'abort', outcome: 'applied' },
      ],
    }
    expect(renderRun(aborted).slice(2, 5)).toEqual([
      '  resume by EPA Chief, too late: bot is broken',
      '  abort by EPA Chief, applied: bot is broken',
      '✗ stopped at canary: DECIDED, EPA Chief: bot is broken',
    ])
  })

  it('prints a reason only once if the detail includes it', () => {
    const detail = 'ACK_TIMEOUT: 0 of 1 bot acknowledged; silent: mute-1'
    const paused: RunView = {
      ...SUCCEEDED,
      state: 'PAUSED',
      reason: 'ACK_TIMEOUT',
      detail,
      stages: [stage('rollout', 'INCONCLUSIVE', detail)],
    }
    expect(renderRun({ ...paused, endedAt: null })).toContain(`✗ stopped at rollout: ${detail}`)
  })

  it('shows an aborted bake as ABORTED, not as PENDING', () => {
    const cut = { ...stage('rollout', 'PENDING', '80 of 80 bots acknowledged'), startedAt: at(5) }
    const lines = renderRun({ ...SUCCEEDED, state: 'ABORTED', reason: 'DECIDED', stages: [cut, stage('notify', 'PENDING')] })
    expect(lines.slice(1, 3)).toEqual([
      '• Full Rollout ................ ABORTED (80 of 80 bots acknowledged)',
      '• Partner Notifications ....... PENDING',
    ])
  })

  it('shows a run in progress without an obstacle', () => {
    const running: RunView = { ...SUCCEEDED, state: 'ROLLING_OUT', stages: [stage('rollout', 'RUNNING')], endedAt: null }
    expect(renderRun(running)).toEqual(['RUN #184  epa-pm25-limit@2.0.0', '• Full Rollout ................ RUNNING', 'ROLLING OUT'])
  })
})
