import { readText } from '#libs/contracts'
import { errorOfResponse } from '../api/problem-to-error.js'
import { reasonOf, unreachable } from '../api/unreachable.js'

/** Used part of a browser's `fetch`. */
export type PageFetch = (
  url: string,
  options: { headers: Record<string, string>; cache: 'no-store'; signal: AbortSignal },
) => Promise<PageResponse>

export interface PageResponse {
  ok: boolean
  status: number
  headers: { get(name: string): string | null }
  body: { getReader(): PageReader } | null
}

interface PageReader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>
  cancel(): Promise<void>
}

const ANSWER_MS = 10_000

/** Fetches JSON. Throws `HMS_UNREACHABLE`, the server's refusal, or `HMS_HTTP_UNEXPECTED`. */
export async function getJson(fetch: PageFetch, url: string, token: string | undefined, maxBytes: number): Promise<unknown> {
  const headers: Record<string, string> = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  let response: PageResponse
  let text: string
  try {
    response = await fetch(url, { headers, cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) })
    text = await readPageText(response, maxBytes)
  } catch (error) {
    throw unreachable(url, reasonOf(error), error)
  }
  if (!response.ok) throw errorOfResponse(url, response.status, response.headers.get('content-type'), text)
  try {
    return JSON.parse(text)
  } catch {
    throw errorOfResponse(url, response.status, null, text)
  }
}

/** Reads a body as text. Throws `HMS_HTTP_ANSWER_OVERSIZED` at the first chunk beyond `maxBytes`. */
export function readPageText({ body }: PageResponse, maxBytes: number): Promise<string> {
  return readText(body === null ? null : chunksOf(body), maxBytes)
}

/** Yields a body as text. `received` is called with the bytes of each chunk. */
export async function* textsOf({ body }: PageResponse, received: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  if (body === null) return
  for await (const chunk of chunksOf(body)) {
    received(chunk.length)
    yield decoder.decode(chunk, { stream: true })
  }
}

/** Not every browser makes a body async-iterable. */
async function* chunksOf(body: NonNullable<PageResponse['body']>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (value !== undefined) yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
