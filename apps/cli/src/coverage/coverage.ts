import { EXIT, type CoverageView } from '#libs/contracts'
import type { ApiClient } from '#libs/client'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { renderTable, type Column } from '../output/table.js'

/** Limit of names outside `--json`. */
const MAX_NAMED = 50

export async function showCoverage(context: CliContext, policy: string): Promise<number> {
  requireName(policy, 'the id of a policy', 'hms-svc coverage')
  const view = await coverageOf(await context.client(), policy)
  context.output.data(view, () => linesOf(view, context.output.stdout.columns))
  return EXIT.done
}

/** Sends one request per policy: each reads all bots, and other clients should not wait for all policies. */
export async function listCoverage(context: CliContext): Promise<number> {
  const client = await context.client()
  const views: CoverageView[] = []
  for (const { id } of await client.get('/v1/policies')) views.push(await coverageOf(client, id))
  context.output.list(
    views,
    [
      { heading: 'POLICY', cell: ({ policy }) => policy },
      { heading: 'REVISION', cell: ({ revision }) => revision },
      { heading: 'BOTS', cell: ({ total }) => total },
      { heading: 'CURRENT', cell: ({ current }) => current },
      { heading: 'SILENT OR BEHIND', cell: ({ lagging }) => namesOf(lagging) },
      ...columnsWhere(views, ({ left = [] }) => namesOf(left), 'LEFT WHILE BEHIND'),
      ...columnsWhere(views, ({ refused }) => refused?.version ?? null, 'REFUSED BY READERS'),
      { heading: 'SEEN', cell: ({ seen: { stream, events, ofrep } }) => stream + events + ofrep },
    ],
    'No policy is in force.',
  )
  return EXIT.done
}

function coverageOf(client: ApiClient, policy: string): Promise<CoverageView> {
  return client.get('/v1/coverage', { policy })
}

function namesOf(bots: readonly { id: string }[]): string | null {
  return bots.map(({ id }) => id).join(', ') || null
}

/** A column for what is rarely there. */
function columnsWhere(
  views: readonly CoverageView[],
  cell: (view: CoverageView) => string | null,
  heading: string,
): Column<CoverageView>[] {
  return views.some((view) => cell(view) !== null) ? [{ heading, cell }] : []
}

function linesOf(view: CoverageView, width: number | null): string[] {
  const { policy, revision, total, current, lagging, regions, versions, seen, left = [] } = view
  const counted = total === 0 ? 'no named bot is connected' : `${current} of ${total} connected bots run what they should`
  const lines = [`${policy}  ${counted}  (revision ${revision})`, ...refusedLines(view)]
  if (total > 0) {
    const byRegion = renderTable(
      regions,
      [
        { heading: 'REGION', cell: ({ region }) => region || '–' },
        { heading: 'BOTS', cell: (region) => region.total },
        { heading: 'CURRENT', cell: (region) => region.current },
      ],
      width,
    )
    const byVersion = renderTable(
      versions,
      [
        { heading: 'VERSION', cell: ({ version, digest }) => version ?? (digest === null ? 'none' : digest) },
        { heading: 'BOTS', cell: (version) => version.total },
      ],
      width,
    )
    lines.push(...byRegion, ...byVersion)
  }
  return [
    ...lines,
    ...botTable(lagging, 'SILENT OR BEHIND', 'RUNS', [], width),
    ...botTable(left, 'LEFT WHILE BEHIND', 'RAN', [{ heading: 'LEFT', cell: ({ leftAt }) => leftAt }], width),
    `Seen, and not asked: ${seen.stream} streams without a name, ${seen.events} by Server-Sent Events, ${seen.ofrep} by OFREP`,
  ]
}

/** Coverage counts what bots hold; a reader that refuses the release keeps it and is STALE, so it still counts as current. */
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
  more: Column<B>[],
  width: number | null,
): string[] {
  if (bots.length === 0) return []
  const rest = bots.length - MAX_NAMED
  const named = renderTable(
    bots.slice(0, MAX_NAMED),
    [
      { heading, cell: ({ id }) => id },
      { heading: 'REGION', cell: ({ region }) => region || null },
      { heading: versionHeading, cell: ({ version, digest }) => version ?? digest },
      { heading: 'REVISION', cell: ({ revision }) => (revision === 0 ? 'said nothing' : revision) },
      { heading: 'SINCE', cell: ({ since }) => since },
      ...more,
    ],
    width,
  )
  return rest > 0 ? [...named, `and ${rest} more, with --json`] : named
}
