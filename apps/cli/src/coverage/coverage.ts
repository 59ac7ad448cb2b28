import { EXIT, type CoverageView, type PolicyView } from '#libs/contracts'
import type { ApiClient } from '#libs/client'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { renderTable } from '../output/table.js'

/** Names beyond these are for `--json`. */
const MAX_NAMED = 50

export async function showCoverage(context: CliContext, policy: string): Promise<number> {
  requireName(policy, 'the id of a policy', 'hms-svc coverage')
  const view = await coverageOf(await context.client(), policy)
  context.output.data(view, () => linesOf(view, context.output.stdout.columns))
  return EXIT.done
}

/** One question for each policy: all bots are looked at for each, and nobody else should wait for that. */
export async function listCoverage(context: CliContext): Promise<number> {
  const client = await context.client()
  const views: CoverageView[] = []
  for (const { id } of await client.get<PolicyView[]>('/v1/policies')) views.push(await coverageOf(client, id))
  context.output.list(
    views,
    [
      { heading: 'POLICY', cell: ({ policy }) => policy },
      { heading: 'REVISION', cell: ({ revision }) => revision },
      { heading: 'BOTS', cell: ({ total }) => total },
      { heading: 'CURRENT', cell: ({ current }) => current },
      { heading: 'SILENT OR BEHIND', cell: ({ lagging }) => lagging.map(({ id }) => id).join(', ') || null },
      { heading: 'SEEN', cell: ({ seen: { stream, events, ofrep } }) => stream + events + ofrep },
    ],
    'No policy is in force.',
  )
  return EXIT.done
}

function coverageOf(client: ApiClient, policy: string): Promise<CoverageView> {
  return client.get<CoverageView>('/v1/coverage', { policy })
}

function linesOf({ policy, revision, total, current, lagging, regions, versions, seen }: CoverageView, width: number | null): string[] {
  const lines = [`${policy}  ${current} of ${total} connected bots run what they should  (revision ${revision})`]
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
    ...silentOf(lagging, width),
    `Seen, and not asked: ${seen.stream} streams without a name, ${seen.events} by Server-Sent Events, ${seen.ofrep} by OFREP`,
  ]
}

function silentOf(lagging: CoverageView['lagging'], width: number | null): string[] {
  if (lagging.length === 0) return []
  const rest = lagging.length - MAX_NAMED
  const named = renderTable(
    lagging.slice(0, MAX_NAMED),
    [
      { heading: 'SILENT OR BEHIND', cell: ({ id }) => id },
      { heading: 'REGION', cell: ({ region }) => region || null },
      { heading: 'RUNS', cell: ({ version, digest }) => version ?? digest },
      { heading: 'REVISION', cell: ({ revision }) => (revision === 0 ? 'said nothing' : revision) },
      { heading: 'SINCE', cell: ({ since }) => since },
    ],
    width,
  )
  return rest > 0 ? [...named, `and ${rest} more, with --json`] : named
}
