import { HmsError, isName, MAX_BOT_NAME, MAX_REGION_NAME } from '#libs/contracts'

/** How a query names who reads. */
export interface ReaderParameters {
  bot?: string
  region?: string
}

/** Who reads, as the query of any way in names it. */
export interface ReaderQuery {
  bot: string | undefined
  region: string | undefined
}

/**
 * The one door for names in a query: what could not be stored, logged or shown is refused here, before anything keeps it. An empty name
 * is none. Throws 400 `HMS_HTTP_QUERY_INVALID`.
 */
export function readerQuery(query: Readonly<Record<keyof ReaderParameters, unknown>> | ReaderParameters): ReaderQuery {
  const bot = nameIn(query, 'bot', MAX_BOT_NAME)
  const region = nameIn(query, 'region', MAX_REGION_NAME)
  return { bot, region }
}

/** The same of a URL; a name given twice is refused like any other list. */
export function readerOf(query: URLSearchParams): ReaderQuery {
  const all = (name: string): unknown => (query.getAll(name).length > 1 ? query.getAll(name) : (query.get(name) ?? undefined))
  return readerQuery({ bot: all('bot'), region: all('region') })
}

function nameIn(
  query: Readonly<Record<string, unknown>> | ReaderParameters,
  field: keyof ReaderParameters,
  maxLength: number,
): string | undefined {
  const text = query[field]
  if (text === undefined || text === '') return undefined
  if (isName(text, maxLength)) return text
  const detail = `${field} must be given once, have at most ${maxLength} characters, and no control characters or half surrogate pairs.`
  throw new HmsError('HMS_HTTP_QUERY_INVALID', detail, { status: 400, errors: [{ pointer: `/${field}`, detail }] })
}
