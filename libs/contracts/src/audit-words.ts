import type { AuditAct, AuditEntry } from './api/registries.js'
import { eventWords } from './stage-words.js'

/** Decisions about a run, and about the ticket of a run. */
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

type Described = Pick<AuditEntry, 'type' | 'key' | 'run'>

/** Returns `EPA Chief took epa-pm25-limit back to 1.5.0: drill 4711`. */
export function actSentence(entry: Described, act: AuditAct): string {
  return `${act.by.join(' and ') || 'Nobody'} ${deedOf(entry, act)}${act.reason === null ? '' : `: ${act.reason}`}`
}

function deedOf({ type, key, run }: Described, { decision, policies = [] }: AuditAct): string {
  const [first] = policies
  const named = policies.map(({ id, version }) => (version === null ? id : `${id}@${version}`)).join(', ') || key
  switch (decision) {
    case 'approve':
      return `put ${named} in force`
    case 'break-glass':
      return `put ${named} in force by break-glass`
    case 'rollback':
      return first?.version === null ? `took ${key} out of force` : `took ${key} back${first === undefined ? '' : ` to ${first.version}`}`
    case 'withdraw':
      return `took ${key} out of force`
    case 'reject':
      return `rejected the approval of ${key}`
    case 'freeze':
      return `declared freeze ${key}`
    case 'lift':
      return `lifted freeze ${key}`
    default: {
      const what = `${RUN_VERBS[decision] ?? decision} run ${run ?? '–'} of ${key}`
      return type === 'hms.ticket.closed.v1' ? `closed a ticket and ${what}` : what
    }
  }
}

/** Returns the acts of an entry as sentences; for an entry without acts its type and key. */
export function entrySentence(entry: Described & Pick<AuditEntry, 'acts'>): string {
  const { acts = [], type, key } = entry
  if (type === 'hms.approval.approved.v1') return `${key} was approved`
  return acts.length === 0 ? `${eventWords(type)}: ${key}` : acts.map((act) => actSentence(entry, act)).join('; ')
}

const BY_PEOPLE =
  /^hms\.(approval|freeze|roster|token|partner)\.|\.(reversed|withdrawn|decision-accepted|redriven|given-up)\.|^hms\.ticket\.closed/

/** Whether an entry is about what people did, or must know; the steps of services are all others. */
export function isByPeople({ type, acts = [] }: Pick<AuditEntry, 'type' | 'acts'>): boolean {
  // `decided` is approver's own step after a decision that people signed.
  return BY_PEOPLE.test(type) || (acts.length > 0 && type !== 'hms.run.decided.v1')
}
