import { command, type Envelope, type LintFinding, type RunDossier } from '#libs/contracts'
import { unchanged, type CommonEffect, type CommonInput, type Decision, type StageState } from '../stage/decision.js'

/** Lint stage of a run: decided at once, and not stored. */
export interface Lint extends StageState {
  state: 'new' | 'passed' | 'failed'
}

/** `findings`: truncated for an event. `attested`: the dossier with this stage's attestation. */
export type LintInput =
  | CommonInput<never>
  | { type: 'linted'; findings: LintFinding[]; hasErrors: boolean; attestation: Envelope; attested: RunDossier }

export type LintEffect = CommonEffect<'hms.lint.passed.v1' | 'hms.lint.failed.v1', never>

/** Decides the lint stage: passes the run on with its findings, or ends it if one of them is an error. */
export function decideLint(lint: Lint, input: LintInput): Decision<Lint, LintEffect> {
  switch (input.type) {
    case 'linted':
      return lint.state === 'new' ? announce(lint, input) : unchanged(lint)
    case 'refused':
    case 'due':
    case 'ended':
    case 'asked':
      return unchanged(lint)
  }
}

function announce(
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

/** Offline lint would miss errors that depend on the registry and earlier versions; `plan` queries the linter. */
function nextOf({ rule, file }: LintFinding): string[] {
  // `plan` knows the version in force, not all versions ever used.
  return rule === 'version-reused' ? [command('history', { policy: file.split('@')[0]! })] : [command('plan')]
}
