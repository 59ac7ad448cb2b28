import { orMissing, type ApiClient } from '#libs/client'
import { EXIT, type JsonObject, type LintReport } from '#libs/contracts'
import { diffPolicies, hasErrors, type Finding, type PolicyDocument, type PolicySource } from '#libs/policy'
import type { CliContext } from '../context.js'
import { shellWords } from '../errors.js'
import { policyFiles, readPolicyFiles } from '../lint/policy-files.js'
import { PLAIN } from '../output/paint.js'
import { impactLines, progressText, writeImpactPage } from '../simulations/simulations.js'
import { newestRostersHere } from '../roster/rosters-here.js'
import { compareFolder } from './compare-folder.js'
import { verifyConsequence } from './consequence.js'
import { botsOf, outcomeLines, pageOf, planLines, TRIAL_MS, type Plan, type PlannedPolicy } from './describe-plan.js'
import { markdownLines } from './markdown.js'
import { readHolds } from './what-holds.js'

/** Shows the effect of approving files (in a folder: of files that differ). Signs nothing. Exit 6 if lint or replay would fail the run. */
export async function planFiles(context: CliContext, paths: readonly string[], { report, format }: PlanFlags = {}): Promise<number> {
  const { output } = context
  const files = await policyFiles(paths)
  const read = await readPolicyFiles(files)
  const sources = read.flatMap(({ source }) => source ?? [])
  const findings = read.flatMap((each) => each.findings)
  // A file that was not named comes from a folder.
  const isFolder = files.some((file) => !paths.includes(file))
  const plan = findings.length > 0 ? { ...NOTHING, verdict: 'FAIL' as const, findings } : await planOf(context, sources, isFolder)
  const impact = await impactLines(plan.simulation?.impact)
  output.data(plan, () =>
    format === 'markdown' ? markdownLines(plan, [...outcomeLines(plan, PLAIN), ...impact]) : [...planLines(plan, output.paint), ...impact],
  )
  if (report !== undefined) await writeImpactPage(context, report, pageOf(plan))
  if (plan.verdict !== 'FAIL') output.note(closingOf(plan, sources))
  return plan.verdict === 'FAIL' ? EXIT.failed : EXIT.done
}

type PlanFlags = { report?: string; format?: string }

const NOTHING: Plan = { verdict: 'PASS', policies: [], findings: [], simulation: null, holds: [] }

/** Returns the closing line with the next command. If something blocks the change, the line says that an approval would wait. */
function closingOf({ policies, holds, folder = [] }: Plan, sources: readonly PolicySource[]): string {
  const goneNote = folder.some(({ state }) => state === 'gone') ? ' What is gone stays in force until hms-svc withdraw.' : ''
  if (policies.length === 0) return `Nothing to approve: each file of the folder is in force.${goneNote}`
  const isBehindRun = holds.some(({ kind }) => kind === 'run')
  const waitNote = holds.length === 0 ? '' : ' If it is approved now, it waits until nothing holds it back.'
  const files = sources.filter(({ policy }) => policies.some(({ id }) => id === policy.id)).map(({ file }) => file)
  return `Nothing was signed.${waitNote}${goneNote} Next: hms-svc approve ${shellWords(files)} --sign NAME${isBehindRun ? ' --queue' : ''}`
}

/** Collects findings, replay, blockers and guard verdict for the policies. A first version has no live document to compare with. */
async function planOf(context: CliContext, given: readonly PolicySource[], isFolder: boolean): Promise<Plan> {
  const client = await context.client()
  const inForce = isFolder ? (await client.get('/v1/policies')).map(({ value }) => value as PolicyDocument) : undefined
  const folder = inForce && compareFolder(given, inForce)
  const sources = given.filter(({ file }) => !folder?.some((each) => each.file === file && each.state === 'unchanged'))
  if (sources.length === 0) return { ...NOTHING, folder }
  const documents = sources.map(({ policy }) => policy)
  const ids = documents.map(({ id }) => id)
  const liveViews = await Promise.all(ids.map((id) => orMissing(client.get('/v1/policies/{id}', { id }))))
  const policies = await Promise.all(documents.map((policy, index) => plannedOf(client, policy, liveViews[index]?.value)))
  const request = { policies: documents, live: liveViews.flatMap((live) => (live === undefined ? [] : [live.value])) }
  const holds = await readHolds(client, ids)
  const guard = await orMissing(client.post('/v1/approvals/trial', { policies: documents }))
  const findings = located(await client.post('/v1/lint', request), sources)
  const planned = { policies, findings, holds, guard, folder }
  // A policy that fails lint is never replayed.
  if (hasErrors(findings)) return { verdict: 'FAIL', simulation: null, ...planned }
  const timeoutMs = context.options.timeout ?? TRIAL_MS
  const stop = showTrialProgress(context, client)
  const simulation = await client.post('/v1/simulations', request, { timeoutMs }).finally(stop)
  const verdict = guard?.verdict === 'FAIL' ? 'FAIL' : simulation.verdict
  const consequence = await verifyConsequence(simulation, request, () => newestRostersHere(context, client))
  return { verdict, simulation, ...planned, ...consequence }
}

async function plannedOf(client: ApiClient, policy: PolicyDocument, live: JsonObject | undefined): Promise<PlannedPolicy> {
  const { id, version } = policy
  const before = live as PolicyDocument | undefined
  const bots = await botsOf(client, id)
  const fallbacks = before && (await orMissing(client.get('/v1/approvals/fallbacks', { policy: id })))
  const differences = diffPolicies(before, policy)
  return { id, version, live: before?.version ?? null, differences, bots, refusedFallbacks: fallbacks?.refused ?? [] }
}

/** Maps findings to files: the service identifies policies by their index in the request, and positions within them by pointer. */
function located({ findings }: LintReport, sources: readonly PolicySource[]): Finding[] {
  return findings.map((finding) => {
    const source = sources.find((_source, index) => finding.file === `policies[${index}]`)
    return source === undefined ? finding : { ...finding, file: source.file, ...source.locate(finding.pointer ?? '') }
  })
}

const POLL_MS = 500

/** Shows the progress of a trial in one line of a terminal, one request at a time. The returned function erases the line. */
function showTrialProgress({ io, output }: CliContext, client: ApiClient): () => void {
  if (output.mode !== 'tty') return () => {}
  let [isPolling, stopped] = [false, false]
  const poll = async (): Promise<void> => {
    if (isPolling) return
    isPolling = true
    // The trial may not have started, or may run on another instance; then there is no progress to show.
    const progress = await client.get('/v1/simulations/trial').catch(() => undefined)
    isPolling = false
    if (!stopped && progress !== undefined) output.redraw([progressText(progress)])
  }
  const cancel = io.every(POLL_MS, () => void poll())
  return () => {
    stopped = true
    cancel()
    output.redraw([])
  }
}
