import { eventWords, type TopicRecord } from '#libs/contracts'

/** Members of an event that describe it in words. */
const SPOKEN = ['verdict', 'state', 'summary', 'reason', 'detail', 'decision', 'by'] as const
const MOST_CHARACTERS = 200

/** Formats `2026-01-01T00:00:00Z #12 epa-pm25-limit  canary paused  (LOW_POWER: too few events)  by canary-controller`. */
export function describeRecord({ at, run, key, type, source, topic, data }: TopicRecord): string {
  const about = key === null ? topic : key
  const words = data === null && !type.includes('given-up') ? `${eventWords(type)} (withdrawn)` : eventWords(type)
  const said = saidIn(data)
  const parts = [
    [at.replace(/\.\d+Z$/, 'Z'), run === null ? '' : `#${run}`, about].filter((part) => part !== '').join(' '),
    words,
    ...(said === '' ? [] : [`(${said})`]),
    `by ${source.replace(/^\/hms-svc\//, '') || 'no service'}`,
  ]
  return parts.join('  ')
}

function saidIn(data: unknown): string {
  if (typeof data !== 'object' || data === null) return ''
  const texts = SPOKEN.flatMap((name) => {
    const text = (data as Record<string, unknown>)[name]
    return typeof text === 'string' && text !== '' ? [text] : []
  })
  const said = texts.join(': ').replaceAll(/\s+/g, ' ')
  return said.length > MOST_CHARACTERS ? `${said.slice(0, MOST_CHARACTERS)}…` : said
}
