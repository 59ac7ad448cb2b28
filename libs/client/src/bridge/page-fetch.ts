import { readText } from '#libs/contracts'
import { errorOfResponse, reasonOf, unreachable } from '../api/problem-to-error.js'

/** Part of a browser's `fetch` that is used here. */
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
    text = await readText(chunksOf(response.body), maxBytes)
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

/** Yields the chunks of a body, which not every browser makes async-iterable. */
export async function* chunksOf(body: PageResponse['body']): AsyncGenerator<Uint8Array> {
  if (body === null) return
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
