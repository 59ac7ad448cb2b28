import { EXIT, type SimulationReport } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parseRunNumber } from '../runs/run-number.js'

/** Score and bots of the newest attempt; with --json the whole report, whose canonical bytes the digest is over. */
export async function showSimulation(context: CliContext, text: string): Promise<number> {
  const number = parseRunNumber(text)
  const client = await context.client()
  const view = await client.get<SimulationReport>(`/v1/simulations/${number}`)
  context.output.data(view, () => linesOf(view))
  return EXIT.done
}

function linesOf({ run, attempt, state, score, skipped, reportDigest, report }: SimulationReport): string[] {
  const classes = Object.entries(score?.bots ?? {}).map(([name, bots = []]) => `  ${name} ${bots.length}: ${bots.join(', ')}`)
  const reasons = (report?.bots ?? []).flatMap(({ bot, message }) => (message === undefined ? [] : [`  ${bot}: ${message}`]))
  return [
    `Run #${run}${attempt > 1 ? `, attempt ${attempt}` : ''}  ${state}`,
    score?.summary ?? 'no report yet',
    ...classes,
    ...reasons,
    ...skipped.map(({ scenario, why }) => `  skipped ${scenario}: ${why}`),
    ...(reportDigest === null ? [] : [`Report ${reportDigest}`]),
  ]
}
