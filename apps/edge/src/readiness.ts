import { readText, SERVICES } from '#libs/contracts'
import { urlsOf } from '#libs/process'
import type { Environment } from '#libs/platform'

const TIMEOUT_MS = 2_000
const MAX_ANSWER_BYTES = 64 * 1024

/** Ready only if every service behind the edge has a ready instance. */
export async function readiness(env: Environment): Promise<{ ready: boolean; services: Record<string, 'up' | 'degraded' | 'down'> }> {
  const entries = await Promise.all(
    SERVICES.map(async (service) => {
      const states = await Promise.all(urlsOf(service, env).map(stateOf))
      return [service, states.find((state) => state === 'up') ?? states.find((state) => state === 'degraded') ?? 'down'] as const
    }),
  )
  return { ready: entries.every(([, state]) => state !== 'down'), services: Object.fromEntries(entries) }
}

async function stateOf(url: string): Promise<'up' | 'degraded' | 'down'> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const { status } = JSON.parse(await readText(response.body, MAX_ANSWER_BYTES)) as { status: 'up' | 'degraded' | 'down' }
    return response.ok ? status : 'down'
  } catch {
    return 'down'
  }
}
