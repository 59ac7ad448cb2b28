import type { PlacedAct } from '../act.js'
import type { OpenKey } from './open-key.js'
import { post } from './post.js'
import { canonicalJson, toBase64, utf8 } from '#libs/contracts'
import { digestOfBytes, signBytes } from './sign-bytes.js'

/** Once around the time that config-store waits for bots at most. */
const WAIT_MS = 10_000
const TICK_MS = 100
/** All that this page may ask to be signed. */
const ROLLBACKS = '/v1/rollbacks'

interface GoingBack {
  act: PlacedAct
  key: OpenKey
  name: string
  say(text: string): void
  outcome: HTMLElement
}

interface Answer {
  id: string
  version: string
  from: string | null
  revision: number
  /** All that went back. */
  moved?: { id: string; version: string }[]
}

/** Sends the signed request at once, for a rollback is about seconds, and counts them until every connected bot has it. */
export async function rollBackNow({ act, key, name, say, outcome }: GoingBack): Promise<void> {
  if (act.path !== ROLLBACKS) throw new Error(`Nothing was signed: this page asks for a request to ${act.path}.`)
  const startedAt = performance.now()
  const seconds = (): string => ((performance.now() - startedAt) / 1_000).toFixed(1)
  const watch = document.querySelector<HTMLElement>('[data-stopwatch]')!
  watch.hidden = false
  const timer = setInterval(() => (watch.textContent = `${seconds()} s`), TICK_MS)
  say(`Signed as ${name}. Going back…`)
  try {
    const body = JSON.stringify(act.body)
    const authorization = await signRequest({ audience: act.audience!, path: act.path, body, at: new Date() }, key)
    const posted = await post(act.path, body, { authorization, 'idempotency-key': crypto.randomUUID() })
    if (!posted.ok) throw new Error(refusalText(posted.refusal))
    const { id, version, from, revision, moved = [] } = posted.value as Answer
    const others = moved.filter((move) => move.id !== id).map((move) => `, ${move.id} → ${move.version} with it`)
    say(`${id} ${from ?? ''} → ${version} is on its way.`)
    const coverage = await coverageOf(id, revision)
    const took = seconds()
    watch.textContent = `${took} s`
    // It is done: pressing again would only be refused.
    document.querySelector<HTMLElement>('[data-key-form]')!.hidden = true
    say(`${id} ${from === null ? '' : `${from} → `}${version} in ${took} s, ${botsText(coverage)}${others.join('')}.`)
  } finally {
    clearInterval(timer)
    outcome.focus()
  }
}

function refusalText({ code, detail }: { code: string; detail: string }): string {
  const next = code === 'HMS_ROLLOUT_NOT_PREAPPROVED' ? ' Prepare it below, so that people can sign it.' : ''
  return `${detail}${next} [${code}]`
}

interface Coverage {
  current: number
  total: number
}

/** `undefined`: who has it could not be asked. The rollback stands. */
async function coverageOf(id: string, revision: number): Promise<Coverage | undefined> {
  try {
    const query = new URLSearchParams({ policy: id, revision: String(revision), waitMs: String(WAIT_MS) })
    const response = await fetch(`/v1/coverage?${query}`, { signal: AbortSignal.timeout(WAIT_MS + 5_000) })
    return response.ok ? ((await response.json()) as Coverage) : undefined
  } catch {
    return undefined
  }
}

function botsText(coverage: Coverage | undefined): string {
  if (coverage === undefined) return 'and which bots have it could not be asked: the rollback stands'
  if (coverage.total === 0) return 'no bot connected'
  const silent = coverage.total - coverage.current
  return `${coverage.current} of ${coverage.total} bots acknowledged${silent === 0 ? '' : '; the others follow when they answer'}`
}

interface RequestToSign {
  /** `installation` of the roster: audience of the request. */
  audience: string
  path: string
  body: string
  at: Date
}

/** Value of the `authorization` header of a POST that a person signs; it counts for a minute, once. */
export async function signRequest({ audience, path, body, at }: RequestToSign, key: OpenKey): Promise<string> {
  const predicate = {
    audience,
    method: 'POST',
    path,
    body: await digestOfBytes(utf8(body)),
    at: at.toISOString(),
    nonce: globalThis.crypto.randomUUID(),
  }
  const digest = await digestOfBytes(utf8(canonicalJson(predicate)))
  const statement = canonicalJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `POST ${path}`, digest: { sha256: digest.slice('sha256:'.length) } }],
    predicateType: 'https://hms-svc.dev/attestation/request/v1',
    predicate,
  })
  const envelope = await signBytes(toBase64(utf8(statement)), key)
  const encoded = toBase64(utf8(JSON.stringify(envelope)))
  return `HMS-Statement ${encoded.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`
}
