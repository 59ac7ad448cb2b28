import type { AuditAct, AuditEntry } from './api/registries.js'

/** Returns an event type in words: `canary observation started` for `hms.canary.observation-started.v1`. */
export function eventWords(type: string): string {
  return type
    .replace(/^hms\./, '')
    .replace(/\.v\d+$/, '')
    .replaceAll(/[.-]/g, ' ')
}

const RUN_VERBS: Record<string, string> = {
  pause: 'paused',
  resume: 'resumed',
  promote: 'promoted',
  extend: 'extended the canary of',
  retry: 'retried',
  abort: 'aborted',
  supersede: 'replaced',
  accept: 'accepted the outcome of',
}

/** Other acts by decision. `named`: `ID@VERSION` of the policies; `version`: the first one's, if known; `done`: what a promotion did. */
const ACTS: Record<string, (key: string, named: string, version: string | null | undefined, done: string) => string> = {
  sign: (_key, named) => `approved ${named}`,
  issue: (key) => `issued token ${key}`,
  revoke: (key) => `revoked token ${key}`,
  rotate: (key) => `published roster ${key}`,
  redrive: (key) => `sent a delivery to ${key} again`,
  resubscribe: (key) => `subscribed ${key} again`,
  approve: (_key, _named, _version, done) => done,
  'break-glass': (_key, _named, _version, done) => `${done} by break-glass`,
  rollback: (key, _named, version) =>
    version === null ? `took ${key} out of force` : `took ${key} back${version === undefined ? '' : ` to ${version}`}`,
  withdraw: (key) => `took ${key} out of force`,
  reject: (key) => `rejected the approval of ${key}`,
  freeze: (key) => `declared freeze ${key}`,
  lift: (key) => `lifted freeze ${key}`,
  replay: (key) => `replayed dead letter ${key}`,
  discard: (key) => `discarded dead letter ${key}`,
}

/** Returns the acts of an entry as sentences: `EPA Chief took epa-pm25-limit back to 1.5.0: drill 4711`; else its type and key. */
export function entrySentence({ type, key, run, acts = [] }: Pick<AuditEntry, 'type' | 'key' | 'run' | 'acts'>): string {
  if (acts.length === 0 && type.startsWith('hms.run.') && key === String(run)) return eventWords(type).replace('run', `run ${key}`)
  if (acts.length === 0) return type === 'hms.approval.approved.v1' ? `${key} was approved` : `${eventWords(type)}: ${key}`
  const aboutRun = (decision: string): string =>
    `${type === 'hms.ticket.closed.v1' ? 'closed a ticket and ' : ''}${RUN_VERBS[decision] ?? decision} run ${run ?? '–'} of ${key}`
  const sentence = ({ by, decision, policies = [], reason }: AuditAct): string => {
    const named = policies.map(({ id, version, from }) => `${id}@${version}${from ? ` (in force from ${from})` : ''}`).join(', ') || key
    const done = policies.some(({ from }) => from !== undefined) ? `published ${named}` : `put ${named} in force`
    const what = ACTS[decision]?.(key, named, policies[0]?.version, done) ?? aboutRun(decision)
    return `${by.join(' and ')} ${what}${reason === null ? '' : `: ${reason}`}`
  }
  return acts.map(sentence).join('; ')
}

const BY_PEOPLE = /^hms\.((approval|freeze|roster|token|partner|ticket\.closed)\.|.*\.(reversed|withdrawn|decision-accepted|redriven)\.)/

/** Whether an entry records what people did; others record steps of services, such as approver's `decided` after a signed decision. */
export function isByPeople({ type, acts = [] }: Pick<AuditEntry, 'type' | 'acts'>): boolean {
  return BY_PEOPLE.test(type) || (acts.length > 0 && type !== 'hms.run.decided.v1')
}
