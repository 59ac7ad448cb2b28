import { EXIT, type SimulationImpact, type SimulationReport } from '#libs/contracts'
import type { ImpactPage } from '#libs/impact'
import type { CliContext } from '../context.js'
import { parseRunNumber } from '../runs/run-number.js'
import { besideLines } from './beside-text.js'
import { progressText } from './progress-text.js'
import { writeImpactPage } from './impact-file.js'

/** Shows score and bots of the newest attempt; with --json the whole report, whose canonical bytes have the digest. */
export async function showSimulation(context: CliContext, text: string, { report }: { report?: string } = {}): Promise<number> {
  const number = parseRunNumber(text)
  const client = await context.client()
  const view = await client.get('/v1/simulations/{run}', { run: number })
  const impact = view.report?.impact
  const lines = impact === undefined ? [] : (await import('#libs/impact')).impactLines(impact)
  context.output.data(view, () => [...linesOf(view), ...lines.map((line) => `  ${line}`)])
  if (report !== undefined) await writeImpactPage(context, report, impact && pageOf(view, impact))
  return EXIT.done
}

function pageOf({ run, state, score, skipped, reportDigest }: SimulationReport, impact: SimulationImpact): ImpactPage {
  const changes = impact.fields.map(({ policy, field, from, to }) => `${policy}: ${field} ${valueText(from)} → ${valueText(to)}`)
  return { title: `run #${run}`, verdict: `${state} (${score?.summary ?? ''})`, changes, skipped, reportDigest, impact }
}

function valueText(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}

function linesOf({ run, attempt, state, score, skipped, reportDigest, progress, report }: SimulationReport): string[] {
  const classes = Object.entries(score?.bots ?? {}).map(([name, bots = []]) => `  ${name} ${bots.length}: ${bots.join(', ')}`)
  const reasons = (report?.bots ?? []).flatMap(({ bot, message }) => (message === undefined ? [] : [`  ${bot}: ${message}`]))
  return [
    `Run #${run}${attempt > 1 ? `, attempt ${attempt}` : ''}  ${state}`,
    score?.summary ?? (progress === null || progress === undefined ? 'no report yet' : progressText(progress)),
    ...classes,
    ...reasons,
    ...skipped.map(({ scenario, why }) => `  skipped ${scenario}: ${why}`),
    ...besideLines(report?.beside).map((line) => `  ${line}`),
    ...(reportDigest === null ? [] : [`Report ${reportDigest}`]),
  ]
}
