import { describe, expect, it } from 'vitest'
import type { LintFinding } from '#libs/contracts'
import { commonInputs, DOSSIER, ORIGIN } from '../testing/samples.js'
import { drawStage } from '../testing/stage-diagram.js'
import { describeStage, transitionsOf, unsampled } from '../testing/transitions.js'
import { decideLint, type Lint, type LintInput } from './decide.js'

const { dossier: _dossier, ...origin } = ORIGIN
const inState = (state: Lint['state']): Lint => ({ run: 184, attempt: 1, ...origin, state })
const finding = (severity: LintFinding['severity']): LintFinding => {
  return { file: 'epa-pm25-limit@2.0.0', line: 1, column: 1, rule: 'r', severity, message: 'limit is missing', hint: 'add limit' }
}
const linted = (...findings: LintFinding[]): LintInput => {
  const hasErrors = findings.some(({ severity }) => severity === 'error')
  return { type: 'linted', findings, hasErrors, attestation: { payloadType: '', payload: '', signatures: [] }, attested: DOSSIER }
}

describe('given a new run', () => {
  it('when no finding is an error, then it passes with its warnings', () => {
    const { state, effects } = decideLint(inState('new'), linted(finding('warning')))
    expect([state.state, effects]).toMatchObject([
      'passed',
      [{ type: 'hms.lint.passed.v1', data: { findings: [{ severity: 'warning' }] } }],
    ])
  })

  it('when a finding is an error, then it fails with the first error as detail', () => {
    const { state, effects } = decideLint(inState('new'), linted(finding('warning'), finding('error')))
    const data = { reason: 'LINT_ERRORS', detail: 'epa-pm25-limit@2.0.0: limit is missing (add limit)', next: ['hms-svc plan FILE'] }
    expect([state.state, effects]).toMatchObject(['failed', [{ type: 'hms.lint.failed.v1', data }]])
  })

  it('when a version was used before, then it names the verb that lists versions', () => {
    const { effects } = decideLint(inState('new'), linted({ ...finding('error'), rule: 'version-reused' }))
    expect(effects).toMatchObject([{ data: { next: ['hms-svc history epa-pm25-limit'] } }])
  })
})

describe('every state with every input', () => {
  const states = Object.fromEntries((['new', 'passed', 'failed'] as const).map((state) => [state, inState(state)]))
  const inputs: Record<string, LintInput> = {
    'no errors': linted(finding('warning')),
    errors: linted(finding('error')),
    ...commonInputs<never>([], 'lint'),
  }
  const transitions = transitionsOf(states, inputs, decideLint)

  it('has a sample of each state and of each input', () => {
    const allStates: Record<Lint['state'], true> = { new: true, passed: true, failed: true }
    // The lint stage has no timer.
    const allInputs: Record<Exclude<LintInput['type'], 'due'>, true> = { linted: true, refused: true, ended: true, decisionReceived: true }
    expect(unsampled({ states: allStates, inputs: allInputs }, states, inputs)).toEqual([])
  })

  it('has a defined result for each state and input, as docs/stages/lint shows', async () => {
    await expect(describeStage('Lint', transitions)).toMatchFileSnapshot('../../../../docs/stages/lint.md')
    await expect(drawStage('Lint', transitions, ['passed', 'failed'])).toMatchFileSnapshot('../../../../docs/stages/lint.svg')
  })
})
