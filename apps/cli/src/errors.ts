import { EXIT, exitCodeOfStatus, HmsError, maskCredentials, printableJson, type Problem } from '#libs/contracts'
import { ofMissingParts } from './missing-parts.js'
import type { Output } from './output/output.js'

/** Codes whose exit code does not follow from an HTTP status. */
const EXIT_OF_CODE: Record<string, number> = {
  HMS_UNREACHABLE: EXIT.unreachable,
  HMS_KEY_PASSPHRASE: EXIT.notAllowed,
  HMS_KEY_NOT_FOUND: EXIT.notAllowed,
  HMS_KEY_EXISTS: EXIT.conflict,
  HMS_KEY_NAME: EXIT.usage,
  HMS_KEY_UNREADABLE: EXIT.usage,
  HMS_KEY_AGENT_UNREACHABLE: EXIT.notAllowed,
  HMS_KEY_AGENT_LACKS: EXIT.notAllowed,
  HMS_KEY_AGENT_REFUSED: EXIT.notAllowed,
  HMS_KEY_AGENT_CHOICE: EXIT.usage,
  HMS_IDENTITY_MISSING: EXIT.notAllowed,
  HMS_IDENTITY_MISMATCH: EXIT.notAllowed,
  HMS_PARTNER_ADDRESS_REFUSED: EXIT.usage,
  HMS_RUN_DECISION_UNANSWERED: EXIT.stillRunning,
  HMS_ROLLOUT_TARGET_REFUSED: EXIT.notAllowed,
}

/** Documents that are registered: what is refused was wrong, not judged. */
const DOCUMENT_CODE = /^HMS_(BOT|SCENARIO|CORPUS|SCHEMA|PARTNER|FREEZE)_/

/** What does not verify; such a refusal is judged by its code where no status says "not allowed". */
const PROOF_CODE = /^HMS_(SIGNATURE|STATEMENT|PROOF|VERIFY|CHECKPOINT|NOTE|ROSTER_(VERSION|THRESHOLD|PROFILE|INVALID)$|EXPORT_MALFORMED$)/

/** A command that was typed wrong, or an argument refused: exit 2. */
export function usageError(detail: string, next: string[] = []): HmsError {
  return new HmsError('HMS_CLI_USAGE', detail, { status: 400, next })
}

/** A name that becomes part of a path: an empty one, or one that stands for a folder, would ask for something else. */
export function requireName(name: string, what: string, next: string): string {
  if (name.trim() !== '' && name !== '.' && name !== '..') return name
  throw usageError(`"${name}" is not ${what}`, [next])
}

/** The whole digest of an approval: what a person signs names no other by its beginning. */
export function requireDigest(text: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return text
  throw usageError(`"${text}" is not the digest of an approval: sha256: and 64 hexadecimal digits`, ['hms-svc approvals list'])
}

/** Of what a person signs. `command`: the verb whose help says more. */
export function requireReason(reason: string, command: string): void {
  if (reason.trim() === '') throw usageError('Say why with --reason TEXT', [`hms-svc ${command} --help`])
}

/** Partners receive the public reason unchanged: an empty one would be meaningless. */
export function requirePublicReason(reason: string | undefined, command: string): void {
  if (reason?.trim() === '')
    throw usageError('--public-reason is what partners are told: write it, or leave it out', [`hms-svc ${command} --help`])
}

export function exitCodeOf(error: unknown): number {
  const { code, status } = problemOf(error)
  const special = EXIT_OF_CODE[code]
  if (special !== undefined) return special
  if (status === 422 && DOCUMENT_CODE.test(code)) return EXIT.usage
  return PROOF_CODE.test(code) && (status === 422 || status >= 500) ? EXIT.proofInvalid : exitCodeOfStatus(status)
}

/**
 * Says an error on stderr (with --json as the problem it is) and gives the exit code. The one place where errors become text. `verb`: what
 * was called, whose help is the next step where the error names none.
 */
export function reportError(error: unknown, output: Output, verb?: string): number {
  const found = problemOf(error)
  const problem = found.next.length > 0 ? found : { ...found, next: [{ command: nextOf(found, verb) }] }
  if (output.mode === 'json') output.error(printableJson(problem))
  else for (const line of linesOf(problem)) output.error(line)
  return exitCodeOf(error)
}

/** Where to go on from an error that does not say: what failed by itself is looked at, what was refused is asked for otherwise. */
function nextOf({ status }: Problem, verb: string | undefined): string {
  if (status === 429 || status >= 500) return 'hms-svc doctor'
  if (status === 401 || status === 403) return 'hms-svc whoami'
  return verb === undefined ? 'hms-svc --help' : `hms-svc ${verb} --help`
}

/** Errors with a stable code, whichever lib they come from. What has none is our own failure. */
interface CodedError {
  code: string
  detail: string
  status?: number
  next?: readonly (string | { command: string })[]
  errors?: Problem['errors']
  retryable?: boolean
  state?: unknown
}

function isCoded(error: unknown): error is CodedError {
  if (!(error instanceof Error)) return false
  const { code, detail } = error as Partial<CodedError>
  return typeof code === 'string' && code.startsWith('HMS_') && typeof detail === 'string'
}

/** The client writes the trace of a refused call behind its detail. */
const TRACE = / \(trace ([0-9a-f]+)\)$/

export function problemOf(thrown: unknown): Problem {
  const error = ofMissingParts(thrown)
  const known: CodedError = isCoded(error)
    ? error
    : { code: 'HMS_CLI_INTERNAL', detail: error instanceof Error ? error.message : String(error), next: ['hms-svc help exit-codes'] }
  const traceId = TRACE.exec(known.detail)?.[1]
  return {
    type: `/docs/errors/${known.code}`,
    title: known.code.replace(/^HMS_/, '').replaceAll('_', ' ').toLowerCase(),
    status: known.status ?? 500,
    code: known.code,
    detail: maskCredentials(known.detail.replace(TRACE, '')),
    retryable: known.retryable ?? false,
    next: (known.next ?? []).map((step) => (typeof step === 'string' ? { command: step } : step)),
    ...(traceId === undefined ? {} : { traceId }),
    ...(known.errors === undefined || known.errors.length === 0 ? {} : { errors: known.errors }),
    ...(known.state === undefined ? {} : { state: known.state }),
  }
}

function linesOf(problem: Problem): string[] {
  const fields = (problem.errors ?? []).filter((field) => !problem.detail.includes(field.detail))
  // A service may answer with line ends; what follows one must not look like a line of ours.
  const [first = '', ...more] = problem.detail.split('\n')
  const code = ` [${problem.code}]`
  return [
    `✗ ${first}${more.length === 0 ? code : ''}`,
    ...more.map((line, at) => `    ${line}${at === more.length - 1 ? code : ''}`),
    ...fields.map((field) => `  ${field.pointer} ${field.detail}`),
    ...problem.next.map((step) => `  next: ${step.command}`),
    ...(problem.traceId === undefined ? [] : [`  trace: ${problem.traceId}`]),
  ]
}
