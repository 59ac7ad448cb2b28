import { setTimeout as delay } from 'node:timers/promises'
import { HmsError, isTerminal, type RunView } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'
import { backoffMs } from '../backoff.js'
import { timerMs } from '../clock.js'
import { unreachable } from '../api/problem-to-error.js'

export interface FollowOptions {
  onView?: (view: RunView) => void
  /** Stops following the run, which continues. The promise then rejects with the signal's reason. */
  signal?: AbortSignal
  timeoutMs?: number
  /** Stop condition. Default: the run is terminal or PAUSED. */
  until?: (view: RunView) => boolean
}

/** Maximum outage in ms of a service that has responded before; longer than a restart. */
const MAX_OUTAGE_MS = 120_000

/** Follows a run until `until` holds or the timeout, across outages of up to two minutes. Rejects when the first contact fails. */
export async function followRun(
  api: ApiClient,
  run: number,
  { onView, signal, timeoutMs, until = ({ state }) => isTerminal(state) || state === 'PAUSED' }: FollowOptions = {},
): Promise<RunView> {
  const end = new AbortController()
  const stop = (): void => end.abort()
  const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timerMs(timeoutMs))
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted === true) stop()
  let last: RunView | undefined
  let lastContactAt = Date.now()
  try {
    for (let attempt = 0; !end.signal.aborted; attempt++) {
      try {
        for await (const view of api.events<RunView>(`/v1/runs/${run}/events`, { signal: end.signal })) {
          lastContactAt = Date.now()
          attempt = 0
          if (JSON.stringify(view) !== JSON.stringify(last)) onView?.(view)
          last = view
          if (until(view)) return view
        }
      } catch (error) {
        const isRetryable = error instanceof HmsError && error.retryable && last !== undefined
        if (!isRetryable || Date.now() - lastContactAt > MAX_OUTAGE_MS) throw error
      }
      await delay(backoffMs(attempt), undefined, { signal: end.signal }).catch(() => undefined)
    }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
  signal?.throwIfAborted()
  if (last !== undefined) return last
  throw unreachable(api.url, `no response about run #${run} in time`)
}

/** Error for a run that did not succeed, or not in time; its code is `HMS_RUN_<STATE>`. */
export class RunError extends HmsError {
  override readonly name = 'RunError'

  constructor(readonly run: RunView) {
    super(`HMS_RUN_${run.state}`, describe(run), {
      status: statusOf(run),
      next: [`hms-svc runs show ${run.run}`],
      retryable: false,
      state: run.state,
    })
  }
}

function statusOf({ state }: RunView): number {
  if (state === 'FAILED') return 422
  return isTerminal(state) || state === 'PAUSED' || state === 'AWAITING_APPROVAL' ? 409 : 504
}

function describe(run: RunView): string {
  const stage = run.stages.find(({ verdict }) => verdict === 'FAIL' || verdict === 'INCONCLUSIVE')
  const what = `run #${run.run} ${isTerminal(run.state) ? 'ended' : 'is'} ${run.state}`
  const where = stage === undefined ? '' : ` in stage ${stage.stage}`
  return [`${what}${where}`, run.reason, stage?.detail].filter((part) => part !== undefined && part !== '').join(': ')
}
