import { EXIT, exitCodeOfStatus, HmsError, maskCredentials, printableJson, type NextStep, type Problem } from '#libs/contracts'
import type { Output } from './output/output.js'

/** Exit codes of errors whose HTTP status does not determine the exit code. */
const EXIT_OF_CODE: Record<string, number> = {
  HMS_UNREACHABLE: EXIT.unreachable,
  HMS_IDENTITY_MISSING: EXIT.notAllowed,
  HMS_IDENTITY_MISMATCH: EXIT.notAllowed,
  HMS_PARTNER_ADDRESS_REFUSED: EXIT.usage,
  HMS_RUN_DECISION_UNANSWERED: EXIT.stillRunning,
  HMS_ROLLOUT_TARGET_REFUSED: EXIT.notAllowed,
}

/** Error codes of documents that people register. With status 422 the document is invalid, so the error is a usage error. */
const DOCUMENT_CODE = /^HMS_(BOT|SCENARIO|CORPUS|SCHEMA|PARTNER|FREEZE)_/

/** Error codes of failed verification. With status 422 or 5xx the exit code is `proofInvalid`. */
const PROOF_CODE =
  /^HMS_(SIGNATURE|STATEMENT|PROOF|VERIFY|CHECKPOINT|NOTE|ROSTER_(VERSION|THRESHOLD|PROFILE|INSTALLATION|INVALID)$|EXPORT_MALFORMED$)/

/** Usage error for a wrong command or argument: exit 2. */
export function usageError(detail: string, next: string[] = []): HmsError {
  return new HmsError('HMS_CLI_USAGE', detail, { status: 400, next })
}

/** Requires a name that is safe as a path segment: with an empty name, `.` or `..` the request would address another resource. */
export function requireName(name: string, what: string, next: string): string {
  if (name.trim() !== '' && name !== '.' && name !== '..') return name
  throw usageError(`"${name}" is not ${what}`, [next])
}

/** Requires the whole digest of an approval: a prefix could match another approval than the person means to sign. */
export function requireDigest(text: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return text
  throw usageError(`"${text}" is not the digest of an approval: sha256: and 64 hexadecimal digits`, ['hms-svc approvals list'])
}

/** Requires a reason that is not empty, and a valid public reason. `command`: verb whose help an error suggests. */
export function requireReason(reason: string, command: string, publicReason?: string): void {
  if (reason.trim() === '') throw usageError('Say why with --reason TEXT', [`hms-svc ${command} --help`])
  requirePublicReason(publicReason, command)
}

/** Refuses an empty `--public-reason`, because partners receive it unchanged. */
export function requirePublicReason(reason: string | undefined, command: string): void {
  if (reason?.trim() === '')
    throw usageError('--public-reason is sent to partners: write it, or leave it out', [`hms-svc ${command} --help`])
}

/** Checks `--expect-digest`, so that only the reviewed content is signed. Throws 409 `HMS_APPROVAL_DIGEST`. */
export function expectDigest(expected: string | undefined, found: string, next: string[] = []): void {
  if (expected === undefined || expected === found) return
  const detail = `What would be signed is not what was reviewed: ${expected} was expected, ${found} is here`
  throw new HmsError('HMS_APPROVAL_DIGEST', detail, { status: 409, next })
}

export function exitCodeOf(error: unknown): number {
  const { code, status } = problemOf(error)
  const special = EXIT_OF_CODE[code]
  if (special !== undefined) return special
  if (status === 422 && DOCUMENT_CODE.test(code)) return EXIT.usage // guard: refused-document
  return PROOF_CODE.test(code) && (status === 422 || status >= 500) ? EXIT.proofInvalid : exitCodeOfStatus(status)
}

/** Prints an error on stderr (with --json, its problem as JSON); returns the exit code. `verb`: its help is the default next step. */
export function reportError(error: unknown, output: Output, verb?: string): number {
  const found = problemOf(error)
  const problem = found.next.length > 0 ? found : { ...found, next: [{ command: nextOf(found, verb) }] }
  if (output.mode === 'json') output.error(printableJson(problem))
  else for (const line of linesOf(problem)) output.error(line)
  return exitCodeOf(error)
}

/** Returns the default next step of an error: `doctor` for a failure, `whoami` for a missing permission, else the verb's help. */
function nextOf({ status }: Problem, verb: string | undefined): string {
  if (status === 429 || status >= 500) return 'hms-svc doctor'
  if (status === 401 || status === 403) return 'hms-svc whoami'
  return verb === undefined ? 'hms-svc --help' : `hms-svc ${verb} --help`
}

/** Error with a stable code, from any lib. An error without one is a failure of the CLI itself. */
type CodedError = Pick<Problem, 'code' | 'detail'> &
  Partial<Omit<Problem, 'next'> & { next: readonly (string | NextStep)[]; steps: NextStep[] }>

function isCoded(error: unknown): error is CodedError {
  if (!(error instanceof Error)) return false
  const { code, detail } = error as Partial<CodedError>
  return typeof code === 'string' && code.startsWith('HMS_') && typeof detail === 'string'
}

/** Whether Node reports a failed system call: a full disk, a missing permission, too many open files. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined
}

export function problemOf(thrown: unknown): Problem {
  const error = explainMissingPackage(thrown)
  const known: CodedError = isCoded(error)
    ? error
    : isSystemError(error)
      ? { code: 'HMS_SYSTEM_REFUSED', detail: `The operating system refused a step of this command: ${error.message}` }
      : { code: 'HMS_CLI_INTERNAL', detail: error instanceof Error ? error.message : String(error), next: ['hms-svc help exit-codes'] }
  return {
    type: `/docs/errors/${known.code}`,
    title: known.code.replace(/^HMS_/, '').replaceAll('_', ' ').toLowerCase(),
    status: known.status ?? 500,
    code: known.code,
    detail: maskCredentials(known.detail),
    retryable: known.retryable ?? false,
    next: (known.steps ?? known.next ?? []).map((step) => (typeof step === 'string' ? { command: step } : step)),
    ...(known.traceId === undefined ? {} : { traceId: known.traceId }),
    ...(known.errors === undefined || known.errors.length === 0 ? {} : { errors: known.errors }),
    ...(known.state === undefined ? {} : { state: known.state }),
  }
}

function linesOf(problem: Problem): string[] {
  const fields = (problem.errors ?? []).filter((field) => !problem.detail.includes(field.detail))
  // The detail of a service may have several lines; later lines are indented so that they cannot imitate output of this program.
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

const MISSING = /^Cannot find package '([^']+)'/

/** Returns `HMS_CLI_PARTS_MISSING` if an `import()` failed because npm omitted an optional package (ADR 0071), else the error itself. */
function explainMissingPackage(error: unknown): unknown {
  const name =
    (error as { code?: unknown } | null)?.code === 'ERR_MODULE_NOT_FOUND' ? MISSING.exec((error as Error).message)?.[1] : undefined
  return name === undefined ? error : partsMissing(name, error)
}

export function partsMissing(name: string, cause?: unknown): HmsError {
  return new HmsError(
    'HMS_CLI_PARTS_MISSING',
    `This verb needs the package ${name}, which is not installed. The packages of the services are optional: npm leaves them out with ` +
      `--omit=optional, and where one of them does not want this Node (${process.version})`,
    { status: 400, next: ['npm install --include=optional', `npm view ${name} engines`], cause },
  )
}

/** Joins words to a part of a command, and quotes those that a POSIX shell would split or expand: names of files may be hostile. */
export function shellWords(words: readonly string[]): string {
  // guard: shell-words
  return words.map((word) => (/^[\w./@:+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ')
}
