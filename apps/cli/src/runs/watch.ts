import { followRun, type ApiClient, type ReportedVersion } from '#libs/client'
import { EXIT, exitCodeOfRun, isTerminal, type RunView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parseRunNumber } from '../flags.js'
import { stopOnInterrupt } from '../stop-on-interrupt.js'
import { renderRun } from '../output/render-run.js'
import { requireReported } from '../roster/require-reported.js'
import { chooseDisplay } from './watch-display.js'

/** Longer than the 200 ms between redraws, so a change is shown at the next tick at the latest. */
const TICK_MS = 250
const SPLIT_MS = 2_000

export async function watchRun(context: CliContext, text: string): Promise<number> {
  return watchToEnd(context, await context.client(), parseRunNumber(text))
}

/**
 * Follows a run until it ends, pauses or `--timeout` expires, then prints its block. Ctrl-C ends only the watching. `signed`: releases that
 * the caller signed; a run is reported as succeeded only if the signed heads put them in force.
 */
export async function watchToEnd(context: CliContext, client: ApiClient, run: number, signed: ReportedVersion[] = []): Promise<number> {
  const { io, output } = context
  const display = chooseDisplay(output, io.now)
  const { signal, end } = stopOnInterrupt(io)
  const stopTicking = io.every(TICK_MS, () => display.tick())
  let last: RunView | undefined
  /** Reads the bots of a canary for the bar. A failed read leaves the bar unchanged. */
  const readSplit = async (): Promise<void> => {
    if (output.mode !== 'tty' || last?.state !== 'CANARY') return
    const { figures } = await client.get('/v1/canaries/{run}', { run }).catch(() => ({ figures: null }))
    if (figures !== null) display.showSplit(figures)
  }
  const stopReading = io.every(SPLIT_MS, () => void readSplit())
  try {
    const onView = (view: RunView): void => {
      last = view
      display.show(view)
    }
    const view = await followRun(client, run, { onView, signal, timeoutMs: context.options.timeout })
    display.clear()
    if (!isTerminal(view.state) && view.state !== 'PAUSED') output.note(`The time is up; ${runStatusText(view)}: hms-svc runs watch ${run}`)
    const isDone = view.state === 'SUCCEEDED' && signed.length > 0 // guard: run-verified
    const verified = isDone ? { verification: await requireReported(context, client, signed) } : {}
    if (output.mode !== 'quiet') output.data({ ...view, ...verified }, () => renderRun(view, output.paint))
    if (!isDone) noteReported(context, view)
    return exitCodeOfRun(view.state)
  } catch (error) {
    display.clear()
    if (!signal.aborted) throw error
    output.note(`Interrupted; ${last === undefined ? `run #${run} continues` : runStatusText(last)}: hms-svc runs watch ${run}`)
    return EXIT.interrupted
  } finally {
    stopTicking()
    stopReading()
    end()
  }
}

/** Notes that the reported end of a run was not verified. */
export function noteReported({ output }: CliContext, { state }: RunView): void {
  if (output.mode === 'json' || (state !== 'SUCCEEDED' && state !== 'ROLLED_BACK')) return
  output.note('Reported by the service: hms-svc get ID verifies what is in force.')
}

/** Describes a run that is still open; a paused or unsigned one waits for people. */
function runStatusText({ run, state }: RunView): string {
  if (state === 'AWAITING_APPROVAL') return `run #${run} still waits for signatures`
  return state === 'PAUSED' ? `run #${run} stays paused` : `run #${run} continues`
}
