import { readText, type MetricGate } from '#libs/contracts'
import type { MetricSample } from '#libs/pipeline'
import { describeError } from '#libs/platform'

const ANSWER_MS = 5_000
const MAX_ANSWER_BYTES = 256 * 1024
/** Limit of series in one response. A gate over more series would judge single bots, which is not its purpose. */
const MAX_SERIES = 100
const MAX_SHOWN = 200

/** Queries the operator's Prometheus for the gates of a canary. A failure becomes a problem text; nothing here throws. */
export class Prometheus {
  /** `url`: base URL, or `undefined` if none is configured. */
  constructor(
    private readonly url: string | undefined,
    private readonly answerMs = ANSWER_MS,
  ) {}

  /** Queries all gates concurrently. */
  ask(gates: readonly MetricGate[]): Promise<MetricSample[]> {
    return Promise.all(gates.map((gate) => this.sampleOf(gate)))
  }

  private async sampleOf({ name, query }: MetricGate): Promise<MetricSample> {
    if (this.url === undefined) return { name, problem: 'no Prometheus is configured (HMS_CANARY_PROMETHEUS)' }
    try {
      return { name, ...verdictOf(await this.query(this.url, query)) }
    } catch (error) {
      return { name, problem: shown(describeError(error)) }
    }
  }

  /** Queries by POST: a query may be longer than a URL. */
  private async query(url: string, query: string): Promise<unknown> {
    const response = await fetch(`${url.replace(/\/$/, '')}/api/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({ query, timeout: `${this.answerMs}ms` }).toString(),
      redirect: 'error',
      signal: AbortSignal.timeout(this.answerMs),
    })
    const text = await readText(response.body, MAX_ANSWER_BYTES)
    if (!response.ok) throw new Error(`it answers ${response.status}: ${text.slice(0, MAX_SHOWN)}`)
    return JSON.parse(text) as unknown
  }
}

/** Passes if there is at least one sample and each is 1: no data is no success. */
function verdictOf(answer: unknown): { holds: boolean } | { problem: string } {
  const values = valuesOf(answer)
  if (values === undefined) return { problem: 'it answers something that is no vector and no scalar' }
  if (values.length === 0) return { problem: 'no data: the query finds no series' }
  if (values.length > MAX_SERIES) return { problem: `${values.length} series, ${MAX_SERIES} at most: aggregate them` }
  const other = values.findIndex((value) => value !== '0' && value !== '1')
  if (other >= 0) return { problem: shown(`the value ${String(values[other])} is neither 1 nor 0: compare with bool`) }
  return { holds: values.every((value) => value === '1') }
}

/** Returns the value of a scalar, or of each series of a vector, from `[time, value]`; `undefined` for any other result. */
function valuesOf(answer: unknown): unknown[] | undefined {
  const data = memberOf(answer, 'status') === 'success' ? memberOf(answer, 'data') : undefined
  const result = memberOf(data, 'result')
  if (!Array.isArray(result)) return undefined
  switch (memberOf(data, 'resultType')) {
    case 'scalar':
      return [result[1]]
    case 'vector':
      return result.map((series) => {
        const sample = memberOf(series, 'value')
        return Array.isArray(sample) ? (sample[1] as unknown) : undefined
      })
    default:
      return undefined
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

/** Reduces a text to one line of plain text. */
function shown(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .slice(0, MAX_SHOWN)
    .toWellFormed()
}
