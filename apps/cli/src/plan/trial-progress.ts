import type { ApiClient } from '#libs/client'
import type { CliContext } from '../context.js'
import { progressText } from '../simulations/progress-text.js'

const LOOK_MS = 500

/**
 * Shows one line on a terminal during a trial; nothing elsewhere. It sends one request at a time, and draws nothing after it was stopped.
 */
export function showTrialProgress({ io, output }: CliContext, client: ApiClient): () => void {
  if (output.mode !== 'tty') return () => {}
  let [drawn, asking, stopped] = [0, false, false]
  const draw = (lines: readonly string[]): void => {
    output.redraw(drawn, lines)
    drawn = lines.length
  }
  const look = async (): Promise<void> => {
    if (asking) return
    asking = true
    // Another instance may have the trial, or none yet: then there is nothing to show.
    const progress = await client.get('/v1/simulations/trial').catch(() => undefined)
    asking = false
    if (!stopped && progress !== undefined) draw([progressText(progress)])
  }
  const cancel = io.every(LOOK_MS, () => void look())
  return () => {
    stopped = true
    cancel()
    if (drawn > 0) draw([])
  }
}
