import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { renderRun } from '../output/render-run.js'
import { parseRunNumber } from './run-number.js'

export async function showRun(context: CliContext, text: string): Promise<number> {
  const number = parseRunNumber(text)
  const client = await context.client()
  const view = await client.get('/v1/runs/{number}', { number })
  context.output.data(view, () => renderRun(view, context.output.paint))
  return EXIT.done
}
