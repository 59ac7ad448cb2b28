import { HmsError, type Envelope } from '#libs/contracts'
import { digestOf, openEnvelope, orRefusal, SignatureError } from '#libs/signing'
import type { FastifyInstance } from 'fastify'
import { takeForms, textOf } from '../forms/take-forms.js'
import { Alert } from '../layout/absent.js'
import type { ShowAnswer } from '../layout/page-maker.js'
import { Commands } from '../layout/parts.js'
import type { PageContent } from '../layout/page.js'
import type { SendOf } from '../reading/client-of.js'
import type { Sent } from '../reading/answer.js'

/** Paths that need a person's signature and no key. The form must not reach any other path. */
const SIGNED_PATHS = [
  /^\/v1\/approvals$/,
  /^\/v1\/approvals\/sha256:[0-9a-f]{64}\/decisions$/,
  /^\/v1\/(runs|tickets)\/\d{1,9}\/decisions$/,
  /^\/v1\/dead-letters\/[a-z-]{1,40}\/[0-9a-f-]{36}\/decisions$/,
  /^\/v1\/freezes$/,
  /^\/v1\/freezes\/[a-z0-9-]{1,100}\/lift$/,
]
const OWN_PAGE = /^\/[a-z][a-z-]*(\/[A-Za-z0-9:%-]+){0,2}$/

/** `POST /signatures`: forwards a pasted signature that was made elsewhere. It needs no key, because it identifies its signer. */
export function addPasteForm(server: FastifyInstance, show: ShowAnswer, sendOf: SendOf): void {
  takeForms(server, (scope) => {
    scope.post('/signatures', { config: { page: true } }, async (request, reply) => {
      const form = request.body as FormData
      const path = textOf(form, 'path')
      if (!SIGNED_PATHS.some((signed) => signed.test(path))) throw unreadable('It does not say what was signed.')
      const sent = await sendOf(request)<{ run?: unknown }>(path, requestOf(path, form))
      if (sent.kind === 'taken') return reply.redirect(placeOf(textOf(form, 'done'), sent.value), 303)
      return show(request, reply, refusedSignature(sent))
    })
  })
}

function requestOf(path: string, form: FormData): object {
  const envelopes = envelopesIn(textOf(form, 'envelopes'))
  const body = parsed(textOf(form, 'body') || '{}') as object
  if (path !== '/v1/approvals') {
    if (envelopes.length !== 1) throw unreadable(`One signature is needed, ${envelopes.length} were pasted.`)
    return { ...body, statement: envelopes[0] }
  }
  const signatures = envelopes.flatMap((envelope) => {
    const { payload } = opened(envelope)
    return envelope.signatures.map(({ keyid, sig }) => ({ release: digestOf(payload), keyid, sig }))
  })
  return { ...body, signatures }
}

/** Parses pasted envelopes: one JSON object after the other, with any line breaks. */
function envelopesIn(text: string): Envelope[] {
  const list = parsed(`[${text.replaceAll(/\}\s*\{\s*"payload"/g, '},{"payload"')}]`)
  return (list as unknown[]).map((each) => {
    opened(each)
    return each as Envelope
  })
}

function opened(envelope: unknown): ReturnType<typeof openEnvelope> {
  const read = orRefusal(() => openEnvelope(envelope))
  if (!(read instanceof SignatureError)) return read
  throw unreadable(`What was pasted is no signature: ${read.detail}.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable('What was pasted is not what hms-svc sign prints.')
  }
}

function unreadable(detail: string): HmsError {
  return new HmsError('HMS_SIGNATURE_MALFORMED', `${detail} Nothing was done.`, { status: 400, next: ['hms-svc sign --help'] })
}

function placeOf(done: string, { run }: { run?: unknown }): string {
  if (OWN_PAGE.test(done)) return done
  return typeof run === 'number' ? `/runs/${run}` : '/approvals'
}

function refusedSignature(sent: Exclude<Sent<unknown>, { kind: 'taken' }>): PageContent {
  const [status, detail, code, next] =
    sent.kind === 'away'
      ? ([503, `${sent.service} ${sent.detail}. It may have been taken: look before you send it again.`, 'HMS_UNREACHABLE', []] as const)
      : ([sent.status === 409 ? 409 : sent.status === 403 ? 403 : 422, sent.detail, sent.code, sent.next] as const)
  return {
    status,
    title: 'Not taken',
    heading: status === 409 ? 'It came too late' : 'The signature was not taken',
    section: 'Approvals',
    summary: detail,
    still: true,
    body: (
      <Alert kind="error" title={code}>
        <p>{detail}</p>
        <Commands commands={next} />
      </Alert>
    ),
  }
}
