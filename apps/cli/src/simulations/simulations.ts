import { writeFile } from 'node:fs/promises'
import { listed, type PolicyBeside, type ReplayProgress, type SimulationImpact, type SimulationReport } from '#libs/contracts'
import type { ImpactPage } from '#libs/impact'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { parseRunNumber } from '../flags.js'

/** Shows score and bots of the newest attempt; with --json the whole report, whose canonical bytes `reportDigest` covers. */
export async function showSimulation(context: CliContext, text: string, { report }: { report?: string } = {}): Promise<void> {
  const view = await context.get('/v1/simulations/{run}', { run: parseRunNumber(text) })
  const impact = view.report?.impact
  const lines = await impactLines(impact)
  context.output.data(view, () => [...linesOf(view), ...lines])
  if (context.output.mode !== 'json') context.output.note('Reported by the service, not verified here: hms-svc plan verifies a trial.')
  if (report !== undefined) await writeImpactPage(context, report, impact && pageOf(view, impact))
}

function pageOf({ run, state, score, skipped, reportDigest }: SimulationReport, impact: SimulationImpact): ImpactPage {
  const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing'
  const changes = impact.fields.map(({ policy, field, from, to }) => `${policy}: ${field} ${text(from)} → ${text(to)}`)
  return { title: `run #${run}`, verdict: `${state} (${score?.summary ?? ''})`, changes, skipped, reportDigest, impact }
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

const MAX_SHOWN = 10

/** Formats `Beside ozone-limit@1.0.0`: policies in force that the run does not change; empty without any. */
export function besideLines(beside: readonly PolicyBeside[] = []): string[] {
  if (beside.length === 0) return []
  const releases = beside.map(({ policy, version }) => `${policy}@${version}`)
  return [`Beside ${listed(releases, MAX_SHOWN)}`]
}

/** Renders an impact as indented lines; no lines without an impact. */
export async function impactLines(impact: SimulationImpact | null | undefined): Promise<string[]> {
  return impact == null ? [] : (await import('#libs/impact')).impactLines(impact).map((line) => `  ${line}`)
}

/** Writes the impact page to a file. If `page` is `undefined`, there is no replay to show; prints that, and writes nothing. */
export async function writeImpactPage({ output }: CliContext, file: string, page: ImpactPage | undefined): Promise<void> {
  if (page === undefined) return output.note(`${file} was not written: there is no report to show yet.`)
  const { impactPage } = await import('#libs/impact')
  try {
    await writeFile(file, impactPage(page))
  } catch (error) {
    throw usageError(`${file} cannot be written: ${(error as Error).message}`)
  }
  output.note(`Impact written to ${file}; it opens in any browser, without the network.`)
}

export function progressText({ done, total }: ReplayProgress): string {
  return `Replaying: ${done} of ${total} programs done`
}
