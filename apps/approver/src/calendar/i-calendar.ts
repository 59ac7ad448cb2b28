/** One event of a calendar. Times are RFC 3339. */
export interface CalendarEvent {
  /** Stable and unique within the installation. */
  uid: string
  /** Time of the last change of what the event shows; the same at every read until it changes. */
  stamp: string
  start: string
  end?: string | undefined
  summary: string
  description: string
  isTentative?: boolean
}

const MAX_OCTETS = 75
/** A sequence number counts seconds since then, because no change is numbered. It fits into 31 bits until 2088. */
const SEQUENCE_START_MS = Date.UTC(2020, 0, 1)

/** Writes a calendar as RFC 5545: lines end with CRLF and are folded at 75 octets, between characters. */
export function writeCalendar(name: string, host: string, events: readonly CalendarEvent[]): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//HMS-SVC//policies//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `X-WR-CALNAME:${text(name)}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    'X-PUBLISHED-TTL:PT1H',
    ...events.flatMap(({ uid, stamp, start, end, summary, description, isTentative }) => [
      'BEGIN:VEVENT',
      `UID:${text(uid)}@${host}`,
      `DTSTAMP:${utc(stamp)}`,
      `LAST-MODIFIED:${utc(stamp)}`,
      `SEQUENCE:${Math.max(0, Math.floor((Date.parse(stamp) - SEQUENCE_START_MS) / 1_000))}`,
      `DTSTART:${utc(start)}`,
      ...(end === undefined ? [] : [`DTEND:${utc(end)}`]),
      `SUMMARY:${text(summary)}`,
      `DESCRIPTION:${text(description)}`,
      `STATUS:${isTentative === true ? 'TENTATIVE' : 'CONFIRMED'}`,
      'TRANSP:TRANSPARENT',
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
  ]
  return lines.map((line) => `${fold(line)}\r\n`).join('')
}

/** Escapes a TEXT value (RFC 5545, 3.3.11); other control characters are not allowed in one. */
function text(value: string): string {
  return value
    .replaceAll(/[\\;,]/g, '\\$&')
    .replaceAll(/\r\n|[\r\n\u2028\u2029]/g, '\\n')
    .replaceAll(/\p{Cc}/gu, ' ')
}

/** Writes a time as `20240901T000000Z`. */
function utc(time: string): string {
  return new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

function fold(line: string): string {
  let folded = ''
  let octets = 0
  for (const character of line.toWellFormed()) {
    const size = Buffer.byteLength(character)
    if (octets + size > MAX_OCTETS) {
      folded += '\r\n '
      octets = 1
    }
    folded += character
    octets += size
  }
  return folded
}
