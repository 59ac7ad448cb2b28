import { type CoverageView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { renderTable, type Columns } from '../output/table.js'

/** Maximum number of bots listed without `--json`. */
const MAX_NAMED = 50

/** Shows which connected bots run a policy; without `policy`, a summary of all policies. */
export async function coverage(context: CliContext, policy: string | undefined): Promise<void> {
  if (policy === undefined) return listCoverage(context)
  requireName(policy, 'the id of a policy', 'hms-svc coverage')
  const view = await context.get('/v1/coverage', { policy })
  context.output.data(view, () => linesOf(view, context.output.stdout.columns))
}

/** Lists all policies, one request at a time: config-store reads all bots per request, and parallel requests would delay other clients. */
async function listCoverage(context: CliContext): Promise<void> {
  const client = await context.client()
  const views: CoverageView[] = []
  for (const { id } of await client.get('/v1/policies')) views.push(await client.get('/v1/coverage', { policy: id }))
  context.output.list(
    views,
    {
      POLICY: 'policy',
      REVISION: 'revision',
      BOTS: 'total',
      CURRENT: 'current',
      'SILENT OR BEHIND': ({ lagging }) => namesOf(lagging),
      ...columnWhere(views, ({ left = [] }) => namesOf(left), 'LEFT WHILE BEHIND'),
      ...columnWhere(views, ({ refused }) => refused?.version ?? null, 'REFUSED BY READERS'),
      SEEN: ({ seen: { stream, events, ofrep } }) => stream + events + ofrep,
    },
    'No policy is in force.',
  )
}

function namesOf(bots: readonly { id: string }[]): string | null {
  return bots.map(({ id }) => id).join(', ') || null
}

/** Returns a column, or none if every cell would be empty. */
function columnWhere(views: readonly CoverageView[], cell: (view: CoverageView) => string | null, heading: string): Columns<CoverageView> {
  return views.some((view) => cell(view) !== null) ? { [heading]: cell } : {}
}

function linesOf(view: CoverageView, width: number | null): string[] {
  const { policy, revision, total, current, lagging, regions, versions, seen, left = [] } = view
  const counted = total === 0 ? 'no named bot is connected' : `${current} of ${total} connected bots run what they should`
  const lines = [`${policy}  ${counted}  (revision ${revision})`, ...refusedLines(view)]
  if (total > 0) {
    const byRegion = renderTable(regions, { REGION: ({ region }) => region || '–', BOTS: 'total', CURRENT: 'current' }, width)
    const byVersion = renderTable(versions, { VERSION: ({ version, digest }) => version ?? digest ?? 'none', BOTS: 'total' }, width)
    lines.push(...byRegion, ...byVersion)
  }
  return [
    ...lines,
    ...botTable(lagging, 'SILENT OR BEHIND', 'RUNS', {}, width),
    ...botTable(left, 'LEFT WHILE BEHIND', 'RAN', { LEFT: 'leftAt' }, width),
    `Seen, and not asked: ${seen.stream} streams without a name, ${seen.events} by Server-Sent Events, ${seen.ofrep} by OFREP`,
  ]
}

/** Returns lines about a live release that readers refuse. Bots that hold it become STALE, and coverage still counts them as current. */
function refusedLines({ policy, refused }: CoverageView): string[] {
  if (refused === undefined) return []
  return [
    `Readers refuse ${refused.version} by the roster in force: ${refused.detail}`,
    'Bots that hold it keep it and are STALE; new ones cannot read it.',
    `  next: hms-svc rollback ${policy}@${refused.version} --sign NAME`,
  ]
}

function botTable<B extends CoverageView['lagging'][number]>(
  bots: readonly B[],
  heading: string,
  versionHeading: string,
  more: Columns<B>,
  width: number | null,
): string[] {
  if (bots.length === 0) return []
  const columns: Columns<B> = {
    [heading]: ({ id }) => id,
    REGION: ({ region }) => region || null,
    [versionHeading]: ({ version, digest }) => version ?? digest,
    REVISION: ({ revision }) => (revision === 0 ? 'none yet' : revision),
    SINCE: ({ since }) => since,
    ...more,
  }
  const named = renderTable(bots.slice(0, MAX_NAMED), columns, width)
  const rest = bots.length - MAX_NAMED
  return rest > 0 ? [...named, `and ${rest} more, with --json`] : named
}
