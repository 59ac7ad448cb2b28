import { HmsError, MAX_RUN_BYTES, parseDuration, type JsonObject, type PlanOptions, type PreparedApproval } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import { takeForms, textOf } from '../forms/take-forms.js'
import type { ShowAnswer } from '../layout/page-maker.js'
import type { SendOf } from '../reading/client-of.js'
import { refusedProposal, type AskedRollback } from './refused-proposal.js'
import type { Proposed } from './propose-form.js'
import type { Sent } from '../reading/answer.js'

const MAX_FILES = 20
const PREPARE = '/v1/approvals/prepare'

/** `POST /approvals`: has approver prepare a form's content, and redirects to its approval page. */
export function addPrepareForm(server: FastifyInstance, show: ShowAnswer, sendOf: SendOf): void {
  takeForms(server, (scope) => {
    scope.post('/approvals', { config: { page: true } }, async (request, reply) => {
      const form = request.body as FormData
      const rollback = rollbackIn(form)
      const proposed: Proposed = Object.fromEntries(
        ['text', 'author', 'canary', 'observe', 'bake'].map((name) => [name, textOf(form, name)]),
      )
      const send = sendOf(request)
      const prepare = async (asked: object): Promise<string> => digestIn(await send<PreparedApproval>(PREPARE, asked))
      try {
        const asked =
          rollback === undefined
            ? await requestOf(form, proposed, () => requireMayPrepare(prepare))
            : { rollback: { ...rollback, reason: rollback.reason || undefined } }
        return reply.redirect(`/approvals/${encodeURIComponent(await prepare(asked))}`, 303)
      } catch (error) {
        if (!(error instanceof HmsError)) throw error
        return show(request, reply, refusedProposal(error, proposed, rollback))
      }
    })
  })
}

function rollbackIn(form: FormData): AskedRollback | undefined {
  const text = (name: string): string => textOf(form, name)
  const policy = text('rollback-policy')
  if (policy === '') return undefined
  return { policy, version: text('rollback-version'), reason: text('reason'), publicReason: text('public-reason') }
}

async function requestOf(form: FormData, proposed: Proposed, admit: () => Promise<void>): Promise<object> {
  const policies = await policiesIn(form, proposed.text ?? '', admit)
  return { policies, plan: await planOf(proposed), ...(proposed.author === '' ? {} : { author: proposed.author }) }
}

/** Sends an empty request: approver authorizes the caller before it refuses that, and reading YAML takes a second or more here. */
async function requireMayPrepare(prepare: (asked: object) => Promise<string>): Promise<void> {
  await prepare({}).catch((error: unknown) => {
    if (!(error instanceof HmsError && (error.status === 400 || error.status === 422))) throw error
  })
}

/** Policies of the files, else of the text. */
async function policiesIn(form: FormData, text: string, admit: () => Promise<void>): Promise<JsonObject[]> {
  const files = form.getAll('files').filter((each): each is File => typeof each !== 'string' && each.size > 0)
  if (files.length > MAX_FILES) throw unfit('HMS_FILE_REQUIRED', `One release has at most ${MAX_FILES} files.`)
  const pasted = text === '' ? [] : [{ name: 'policy', bytes: Buffer.from(text) }]
  const sources = files.length > 0 ? await Promise.all(files.map(bytesOf)) : pasted
  if (sources.length === 0) throw unfit('HMS_FILE_REQUIRED', 'Choose a file, or paste a policy.')
  // Approver refuses more; it is not parsed.
  // guard: console-propose-bytes
  if (sources.reduce((sum, { bytes }) => sum + bytes.length, 0) > MAX_RUN_BYTES)
    throw unfit('HMS_APPROVER_RUN_TOO_LARGE', `The policies of one release have at most ${MAX_RUN_BYTES / 1024} KiB together.`)
  await admit() // guard: console-propose-asks-first
  // Imported late: few visitors propose, and the YAML parser is large.
  const { formatFinding, parsePolicy } = await import('#libs/policy')
  const parsed: ReturnType<typeof parsePolicy>[] = []
  for (const { name, bytes } of sources) {
    parsed.push(parsePolicy(bytes, name))
    // Lets other requests run meanwhile.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const errors = parsed.flatMap((each) => (each.ok ? [] : each.findings.map(formatFinding))).map((detail) => ({ pointer: '', detail }))
  if (errors.length > 0)
    throw new HmsError('HMS_LINT_FAILED', 'This is no policy yet.', { status: 422, errors, next: ['hms-svc lint FILE'] })
  return parsed.flatMap((each) => (each.ok ? [each.source.policy] : []))
}

async function bytesOf(file: File): Promise<{ name: string; bytes: Buffer }> {
  return { name: file.name.slice(0, 200), bytes: Buffer.from(await file.arrayBuffer()) }
}

async function planOf({ canary = '', observe = '', bake = '' }: Proposed): Promise<PlanOptions> {
  const { parseShare } = await import('#libs/policy')
  const share = canary === '' ? undefined : parseShare(canary)
  if (share?.ok === false) throw new HmsError(share.code, `canary: ${share.message}`, { status: 400 })
  return {
    ...(share === undefined ? {} : { share: share.basisPoints }),
    ...(observe === '' ? {} : { observeMs: parseDuration(observe, 'observe') }),
    ...(bake === '' ? {} : { bakeMs: parseDuration(bake, 'bake') }),
  }
}

/** Digest of what was prepared. Throws what the service said instead. */
function digestIn(sent: Sent<PreparedApproval>): string {
  if (sent.kind === 'taken') return sent.value.digest
  if (sent.kind === 'refused') throw new HmsError(sent.code, sent.detail, sent)
  throw new HmsError('HMS_UNREACHABLE', `${sent.service} ${sent.detail}. Nothing was prepared; send it again.`, { status: 503 })
}

function unfit(code: string, detail: string): HmsError {
  return new HmsError(code, detail, { status: 422 })
}
