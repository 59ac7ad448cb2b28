import { command, type Envelope, type LintFinding, type RunDossier } from '#libs/contracts'
import { unchanged, type CommonEffect, type CommonInput, type Decision, type StageState } from '../stage/decision.js'

/** Lint stage of a run. It is decided in one step and not stored. */
export interface Lint extends StageState {
  state: 'new' | 'passed' | 'failed'
}

/** Inputs of the lint stage. `findings`: truncated to fit an event. `attested`: dossier with this stage's attestation. */
export type LintInput =
  | CommonInput<never>
  | { type: 'linted'; findings: LintFinding[]; hasErrors: boolean; attestation: Envelope; attested: RunDossier }

export type LintEffect = CommonEffect<'hms.lint.passed.v1' | 'hms.lint.failed.v1', never>

/** Decides the lint stage: passes the run, or fails it if one of the findings is an error. */
export function decideLint(lint: Lint, input: LintInput): Decision<Lint, LintEffect> {
  switch (input.type) {
    case 'linted':
      return lint.state === 'new' ? publishVerdict(lint, input) : unchanged(lint)
    case 'refused':
    case 'due':
    case 'ended':
    case 'decisionReceived':
      return unchanged(lint)
  }
}

function publishVerdict(
  lint: Lint,
  { findings, hasErrors, attestation, attested }: Extract<LintInput, { type: 'linted' }>,
): Decision<Lint, LintEffect> {
  if (!hasErrors) {
    return {
      state: { ...lint, state: 'passed' },
      effects: [{ do: 'emit', type: 'hms.lint.passed.v1', data: { dossier: attested, findings } }],
    }
  }
  const { run, attempt } = lint
  const first = findings.find((finding) => finding.severity === 'error')!
  const detail = `${first.file}: ${first.message}${first.hint === undefined ? '' : ` (${first.hint})`}`
  const data = { run, attempt, reason: 'LINT_ERRORS', detail, findings, next: nextOf(first), attestation }
  return { state: { ...lint, state: 'failed' }, effects: [{ do: 'emit', type: 'hms.lint.failed.v1', data }] }
}

/** Returns the next command. `plan` uses the linter service, which also reports errors that offline lint cannot find. */
function nextOf({ rule, file }: LintFinding): string[] {
  // `plan` shows only the version in force; `history` also shows earlier versions.
  return rule === 'version-reused' ? [command('history', { policy: file.split('@')[0]! })] : [command('plan')]
}
