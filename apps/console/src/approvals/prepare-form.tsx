import { HmsError, MAX_RUN_BYTES, parseDuration, type JsonObject, type PlanOptions, type PreparedApproval } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import { takeForms, textOf } from '../forms/take-forms.js'
import { PAGE_HEADERS } from '../layout/page-headers.js'
import type { PageMaker } from '../layout/page-maker.js'
import type { ApiReader } from '../reading/api-reader.js'
import type { ClientOf } from '../reading/client-of.js'
import { refusedProposal, type AskedRollback, type Problem } from './refused-proposal.js'
import type { Proposed } from './propose-form.js'
import type { Send, Sent } from '../reading/answer.js'

const MAX_FILES = 20
const PREPARE = '/v1/approvals/prepare'

export interface PrepareFormOptions {
  reader: ApiReader
  maker: PageMaker
  authorizationOf(headers: { authorization?: string }): string | undefined
  clientOf: ClientOf
}

/** `POST /approvals`: has approver prepare what a form brings, and leads to the page that shows it. */
export function addPrepareForm(server: FastifyInstance, { reader, maker, authorizationOf, clientOf }: PrepareFormOptions): void {
  takeForms(server, (scope) => {
    scope.post('/approvals', { config: { page: true } }, async (request, reply) => {
      const form = request.body as FormData
      const proposed = proposedIn(form)
      const send = reader.sendAs(authorizationOf(request.headers), clientOf(request))
      const rollback = rollbackIn(form)
      const asked =
        rollback === undefined
          ? await requestOf(form, proposed, () => askMayPrepare(send))
          : { request: { rollback: { ...rollback, reason: rollback.reason || undefined } } }
      const sent = 'problem' in asked ? asked.problem : problemOf(await send<PreparedApproval>(PREPARE, asked.request))
      if ('digest' in sent) return reply.redirect(`/approvals/${encodeURIComponent(sent.digest)}`, 303)
      const { status, html } = maker.show(refusedProposal(sent, proposed, rollback))
      return reply.status(status).headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(html)
    })
  })
}

function proposedIn(form: FormData): Proposed {
  return Object.fromEntries(['text', 'author', 'canary', 'observe', 'bake'].map((name) => [name, textOf(form, name)]))
}

function rollbackIn(form: FormData): AskedRollback | undefined {
  const text = (name: string): string => textOf(form, name)
  const policy = text('rollback-policy')
  if (policy === '') return undefined
  return { policy, version: text('rollback-version'), reason: text('reason'), publicReason: text('public-reason') }
}

type Asked = { request: object } | { problem: Problem }

async function requestOf(form: FormData, proposed: Proposed, admit: () => Promise<Problem | undefined>): Promise<Asked> {
  const read = await policiesIn(form, proposed.text ?? '', admit)
  if ('problem' in read) return read
  try {
    const plan = await planOf(proposed)
    return { request: { policies: read.policies, plan, ...(proposed.author === '' ? {} : { author: proposed.author }) } }
  } catch (error) {
    if (error instanceof HmsError) return { problem: unfit(error.code, error.detail) }
    throw error
  }
}

/** Asks approver with an empty request, which it judges after the caller, because reading YAML takes this process a second and more. */
async function askMayPrepare(send: Send): Promise<Problem | undefined> {
  const sent = await send<PreparedApproval>(PREPARE, {})
  if (sent.kind === 'refused' && (sent.status === 400 || sent.status === 422)) return undefined
  const answer = problemOf(sent)
  return 'digest' in answer ? undefined : answer
}

/** Files first; the text where there are none. */
async function policiesIn(
  form: FormData,
  text: string,
  admit: () => Promise<Problem | undefined>,
): Promise<{ policies: JsonObject[] } | { problem: Problem }> {
  const files = form.getAll('files').filter((each): each is File => typeof each !== 'string' && each.size > 0)
  const sources =
    files.length > 0
      ? await Promise.all(files.slice(0, MAX_FILES).map(bytesOf))
      : text === ''
        ? []
        : [{ name: 'policy', bytes: Buffer.from(text) }]
  if (sources.length === 0 || files.length > MAX_FILES) {
    const detail = files.length > MAX_FILES ? `One release has at most ${MAX_FILES} files.` : 'Choose a file, or paste a policy.'
    return { problem: unfit('HMS_FILE_REQUIRED', detail) }
  }
  // Approver takes no more: it would be read for nothing.
  // guard: console-propose-bytes
  if (sources.reduce((sum, { bytes }) => sum + bytes.length, 0) > MAX_RUN_BYTES) {
    const detail = `The policies of one release have at most ${MAX_RUN_BYTES / 1024} KiB together.`
    return { problem: unfit('HMS_APPROVER_RUN_TOO_LARGE', detail) }
  }
  const refused = await admit()
  if (refused !== undefined) return { problem: refused } // guard: console-propose-asks-first
  // Late: most who open pages propose nothing, and reading YAML takes a parser.
  const { formatFinding, parsePolicy } = await import('#libs/policy')
  const parsed: ReturnType<typeof parsePolicy>[] = []
  for (const { name, bytes } of sources) {
    parsed.push(parsePolicy(bytes, name))
    // Others have their turn between two files.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const lines = parsed.flatMap((each) => (each.ok ? [] : each.findings.map(formatFinding)))
  if (lines.length > 0) return { problem: { ...unfit('HMS_LINT_FAILED', 'This is no policy yet.'), lines, next: ['hms-svc lint FILE'] } }
  return { policies: parsed.flatMap((each) => (each.ok ? [each.source.policy] : [])) }
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

function problemOf(sent: Sent<PreparedApproval>): { digest: string } | Problem {
  switch (sent.kind) {
    case 'taken':
      return { digest: sent.value.digest }
    case 'refused': {
      const { status, code, detail, next, errors } = sent
      const lines = errors.map((each) => each.detail)
      return { status: status === 401 ? 403 : status === 409 || status === 403 ? status : 422, code, detail, next, lines }
    }
    case 'away':
      return {
        ...unfit('HMS_UNREACHABLE', `${sent.service} ${sent.detail}. Nothing was prepared; send it again.`),
        status: 503,
      }
  }
}

function unfit(code: string, detail: string): Problem {
  return { status: 422, code, detail, lines: [], next: [] }
}
