import type { PlacedAct } from '../act.js'
import type { OpenKey } from './open-key.js'
import { post } from './post.js'
import { utf8, type CoverageView, type RollbackResult } from '#libs/contracts'
import { signRequest } from '#libs/signing'

/** Longest time in ms that config-store waits for the bots before it responds. */
const WAIT_MS = 10_000
const TICK_MS = 100
/** The only path for which this page signs requests. */
const ROLLBACKS = '/v1/rollbacks'

interface GoingBack {
  act: PlacedAct
  key: OpenKey
  name: string
  say(text: string): void
  outcome: HTMLElement
}

/** Signs the request, sends it at once, and counts the seconds until every connected bot has the version or the wait is over. */
export async function rollBackNow({ act, key, name, say, outcome }: GoingBack): Promise<void> {
  if (act.path !== ROLLBACKS) throw new Error(`Nothing was signed: this page asks for a request to ${act.path}.`)
  const startedAt = performance.now()
  const seconds = (): string => ((performance.now() - startedAt) / 1_000).toFixed(1)
  const watch = document.querySelector<HTMLElement>('[data-stopwatch]')!
  watch.hidden = false
  const timer = setInterval(() => (watch.textContent = `${seconds()} s`), TICK_MS)
  say(`Signed as ${name}. Rolling back…`)
  try {
    const body = JSON.stringify(act.body)
    const request = { audience: act.audience!, method: 'POST', path: act.path, body: utf8(body), at: new Date() }
    const authorization = await signRequest(key, request)
    const posted = await post(act.path, body, { authorization, 'idempotency-key': crypto.randomUUID() })
    if (!posted.ok) throw new Error(refusalText(posted.refusal))
    const { id, version, from, revision, moved = [] } = posted.value as RollbackResult
    say(`${id} ${from ?? ''} → ${version} is on its way.`)
    const others = moved.filter((move) => move.id !== id)
    const [bots, ...besides] = await Promise.all([id, ...others.map((move) => move.id)].map((policy) => botsText(policy, revision)))
    const took = seconds()
    watch.textContent = `${took} s`
    // It is done: pressing again would only be refused.
    document.querySelector<HTMLElement>('[data-key-form]')!.hidden = true
    const rest = others.map((move, index) => `; ${move.id} → ${move.version} with it, ${besides[index]}`)
    say(`${id} ${from === null ? '' : `${from} → `}${version} in ${took} s, ${bots}${rest.join('')}.`)
  } finally {
    clearInterval(timer)
    outcome.focus()
  }
}

function refusalText({ code, detail }: { code: string; detail: string }): string {
  const next = code === 'HMS_ROLLOUT_NOT_PREAPPROVED' ? ' Prepare it below, so that people can sign it.' : ''
  return `${detail}${next} [${code}]`
}

const UNKNOWN = 'and which bots have it could not be asked: the rollback stands'

/** Says how many bots acknowledged, once all have or the wait is over. Revision 0: no config-store has the head, so no coverage is read. */
async function botsText(policy: string, revision: number): Promise<string> {
  if (revision === 0) return UNKNOWN
  try {
    const query = new URLSearchParams({ policy, revision: String(revision), waitMs: String(WAIT_MS) })
    const response = await fetch(`/v1/coverage?${query}`, { signal: AbortSignal.timeout(WAIT_MS + 5_000) })
    if (!response.ok) return UNKNOWN
    const { current, total } = (await response.json()) as CoverageView
    if (total === 0) return 'no bot connected'
    return `${current} of ${total} bots acknowledged${current === total ? '' : '; the others follow when they answer'}`
  } catch {
    return UNKNOWN
  }
}
