import { HmsError, type RunView } from '#libs/contracts'
import type { VerifiedLive } from '#libs/policy'
import type { Roster } from '#libs/signing'
import type { Page, PageRequest } from '../layout/page.js'
import type { Answer, Sent } from '../reading/answer.js'
import { parseClean } from '../reading/api-reader.js'
import { readHeader } from '../home/overview-state.js'
import { renderPage } from '../layout/layout.js'

export interface Shown {
  html: string
  /** What a person reads, blanks as one. */
  text: string
  status: number
  /** Paths that were read, in order. */
  paths: string[]
}

export interface Harness {
  /** Responses of services by path: a value, or a failed response. Any other path is down. */
  answers: Record<string, unknown>
  params?: Record<string, string>
  query?: string
  origin?: string
  health?: (service: string) => unknown
  /** What services say to a dry run, by path; any other is away. */
  sent?: Record<string, Sent<unknown>>
  /** What is in force and verified, by policy; any other is not verified. */
  live?: Record<string, VerifiedLive>
  /** Roster that this process trusts; absent if it trusts no roster. */
  roster?: Roster
  /** Steps of the demo. */
  walkthrough?: PageRequest['walkthrough']
  /** With the state in the header, which reads more. */
  header?: boolean
}

/** A page as it is sent, for services that answer so. */
export async function shown(
  content: Page['content'],
  { answers, params = {}, query = '', origin, health, sent = {}, live = {}, roster, walkthrough, header = false }: Harness,
): Promise<Shown> {
  const paths: string[] = []
  const now = new Date('2026-11-26T12:00:00Z')
  const read = async <T>(path: string): Promise<Answer<T>> => {
    paths.push(path)
    return answerOf(answers[path]) as Answer<T>
  }
  const healthOf = async (service: string) => [{ url: 'http://127.0.0.1:1', body: health?.(service) }]
  const made = await content({
    read,
    verified: async (ids) => new Map(ids.map((id) => [id, live[id] ?? { kind: 'unverified', why: 'config-store did not respond' }])),
    trusted: async () => {
      if (roster === undefined) throw new HmsError('HMS_ROSTER_REQUIRED', 'no roster is trusted')
      return roster
    },
    send: async <T>(path: string) => (sent[path] ?? { kind: 'away', service: 'linter', detail: 'did not respond' }) as Sent<T>,
    health: healthOf,
    params,
    query: new URLSearchParams(query),
    origin,
    walkthrough,
    now,
  })
  const html = renderPage({
    content: made,
    assets: { style: '/s.css', script: '/s.js', icon: '/i.svg', panes: '/p.js', paneFrame: '/f.js', sign: '/g.js', check: '/h.js' },
    environment: 'dev',
    now,
    header: header ? await readHeader({ read, health: healthOf }) : undefined,
  })
  return { html, text: textOf(html), status: made.status ?? 200, paths }
}

/** Of what a service that is no longer there would say. */
export const AWAY: Answer<never> = { kind: 'away', service: 'approver', detail: 'did not respond within 2.5 s' }
export const BUNDLE_FIRST: Answer<never> = { kind: 'away', service: 'rollout', detail: 'answered 409 (HMS_ROLLOUT_BUNDLE_FIRST)' }
export const AT_BROKER: Answer<never> = { kind: 'away', service: 'audit', detail: 'answered 409 (HMS_TOPICS_AT_BROKER)' }
export const DENIED: Answer<never> = { kind: 'denied', detail: 'This needs a key.' }
export const MISSING: Answer<never> = { kind: 'missing', detail: 'There is none.' }
export const NOT_PREAPPROVED: Answer<never> = {
  kind: 'missing',
  detail: 'The rollback needs as many signatures as an approval of that version.',
}
const FAILED: readonly unknown[] = [NOT_PREAPPROVED, AWAY, BUNDLE_FIRST, AT_BROKER, DENIED, MISSING]

function answerOf(said: unknown): Answer<unknown> {
  if (said === undefined) return AWAY
  if (FAILED.includes(said)) return said as Answer<unknown>
  // As it would come over HTTP, where a text is no JSON.
  if (typeof said === 'string') return { kind: 'loaded', value: said }
  return { kind: 'loaded', value: parseClean(JSON.stringify(said)) }
}

function textOf(html: string): string {
  const body = html.slice(html.indexOf('<body'))
  return body
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
}

/** A run in its canary, with a policy and a signature. */
export function aRun(more: Partial<RunView> = {}): RunView {
  const stage = (name: RunView['stages'][number]['stage'], verdict: RunView['stages'][number]['verdict']) => ({
    stage: name,
    verdict,
    detail: verdict === 'PASS' ? 'all good' : '',
    startedAt: verdict === 'PENDING' ? null : '2026-11-26T11:00:00Z',
    endedAt: verdict === 'PASS' ? '2026-11-26T11:00:04Z' : null,
  })
  return {
    run: 7,
    digest: 'sha256:aabbccdd',
    state: 'CANARY',
    attempt: 1,
    policies: [{ id: 'epa-pm25-limit', version: '2.0.0', digest: 'sha256:1122' }],
    stages: [
      stage('lint', 'PASS'),
      stage('simulate', 'PASS'),
      stage('canary', 'RUNNING'),
      stage('rollout', 'PENDING'),
      stage('notify', 'PENDING'),
    ],
    decisions: [],
    createdAt: '2026-11-26T11:00:00Z',
    endedAt: null,
    ...more,
  }
}
