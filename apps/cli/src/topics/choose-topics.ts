import { HmsError, TOPIC_NAMES, TOPICS } from '#libs/contracts'
import { usageError } from '../errors.js'

/** Excluded by default: it has whole documents, and a freshness statement every ten seconds. */
const NOT_UNASKED = 'hms.config.state.v1'

/** Returns the topic of this name, or the one with this part in its name; all default topics without one. */
export function chooseTopics(wanted: string | undefined): string[] {
  if (wanted === undefined) return TOPICS.map(({ name }) => name).filter((name) => name !== NOT_UNASKED)
  if (TOPIC_NAMES.includes(wanted)) return [wanted]
  const whole = TOPIC_NAMES.filter((name) => subjectOf(name) === wanted)
  const near = whole.length > 0 || wanted === '' ? whole : TOPIC_NAMES.filter((name) => subjectOf(name).includes(wanted))
  const [only, ...more] = near
  if (only === undefined)
    throw new HmsError('HMS_TOPIC_UNKNOWN', `No topic is named ${wanted}`, { status: 404, next: ['hms-svc topics list'] })
  if (more.length > 0) {
    throw usageError(
      `${wanted} may be ${near.join(', ')}: name one`,
      near.map((name) => `hms-svc topics tail ${name}`),
    )
  }
  return [only]
}

/** Returns `canary` of `hms.canary.v1`. */
function subjectOf(name: string): string {
  return name.split('.').slice(1, -1).join('.')
}
