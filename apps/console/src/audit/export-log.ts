import { HmsError, type AuditEntry } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { sendFile } from '../layout/page-headers.js'
import type { Read } from '../reading/answer.js'
import { logFilterIn, readLog } from './read-log.js'

const COLUMNS = ['index', 'at', 'source', 'type', 'key', 'run', 'event', 'digest', 'leafHash'] as const

/** `GET /audit/export?format=csv|ndjson` with the filters of the page: all that match of the entries that the page looks at. */
export function addLogExport(server: FastifyInstance, readAs: (headers: IncomingHttpHeaders) => Read): void {
  server.get('/audit/export', { config: { page: true } }, async ({ headers, url }, reply) => {
    const query = new URLSearchParams(url.split('?')[1] ?? '')
    const format = query.get('format')
    if (format !== 'csv' && format !== 'ndjson') throw new HmsError('HMS_HTTP_QUERY_INVALID', 'format is csv or ndjson', { status: 400 })
    const filter = logFilterIn(query)
    if (typeof filter === 'string') throw new HmsError('HMS_HTTP_QUERY_INVALID', filter, { status: 400 })
    const answer = await readLog(readAs(headers), filter)
    if (answer.kind === 'denied') throw new HmsError('HMS_AUTH_REQUIRED', answer.detail, { status: 401 })
    if (answer.kind !== 'loaded') throw new HmsError('HMS_UNREACHABLE', `The log cannot be read: ${answer.detail}.`, { status: 503 })
    const { entries } = answer.value
    if (format === 'csv') return sendFile(reply, 'audit.csv', { type: 'text/csv', text: csvOf(entries) })
    // A line has what was hashed: acts are beside the entry, not in it.
    const lines = entries.map(({ acts: _acts, ...entry }) => `${JSON.stringify(entry)}\n`)
    return sendFile(reply, 'audit.ndjson', { type: 'application/x-ndjson', text: lines.join('') })
  })
}

/** RFC 4180. */
export function csvOf(entries: readonly AuditEntry[]): string {
  const rows = entries.map((entry) => COLUMNS.map((column) => cellOf(entry[column])).join(','))
  return [COLUMNS.join(','), ...rows, ''].join('\r\n')
}

/** Spreadsheets run what begins like a formula: a quote before it makes it text again. */
function cellOf(value: string | number | null): string {
  const text = String(value ?? '')
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
