import type { Problem } from '#libs/contracts'

/** Longer than any service takes to answer. */
const DEADLINE_MS = 30_000
const MAX_DETAIL = 2_000

export type Refusal = Pick<Problem, 'status' | 'code' | 'detail'>

export type Posted = { ok: true; value: unknown } | { ok: false; refusal: Refusal }

/** One POST to this site's API. Never rejects: what did not get through is a refusal too. */
export async function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Posted> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(DEADLINE_MS),
    })
    const value: unknown = await response.json()
    return response.ok ? { ok: true, value } : { ok: false, refusal: refusalOf(response.status, value) }
  } catch (error) {
    const detail = `No answer came (${(error as Error).name}). It may have been taken: load the page again before you sign once more.`
    return { ok: false, refusal: { status: 0, code: 'HMS_UNREACHABLE', detail } }
  }
}

function refusalOf(status: number, value: unknown): Refusal {
  const { code, detail } = (value ?? {}) as { code?: unknown; detail?: unknown }
  return { status, code: String(code ?? `HTTP ${status}`), detail: String(detail ?? 'No reason was given.').slice(0, MAX_DETAIL) }
}
