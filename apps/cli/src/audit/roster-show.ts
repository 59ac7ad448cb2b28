import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { describeRules } from './describe-rules.js'
import { pinnedRoster } from './pinned-roster.js'

/** The pinned roster: who may approve what. With --json the signed statement itself. */
export async function showRoster(context: CliContext): Promise<number> {
  const { envelope, roster } = await pinnedRoster(context)
  const nameOf = (id: string): string => roster.principals.get(id)?.name ?? id
  const lines = roster.roles
    .filter(({ match }) => match.service === undefined)
    .flatMap(({ name, threshold, principals, match, bounds, soleOfficial }) => {
      const what = match.all === true ? 'every policy' : [match.idPrefix === undefined ? '' : `ids ${match.idPrefix}…`, match.tag === undefined ? '' : `tag ${match.tag}`].filter((part) => part !== '').join(', ')
      const line = `  ${name.padEnd(12)} ${threshold} of ${principals.length} for ${what}: ${principals.map(nameOf).join(', ')}`
      return [line, ...describeRules({ bounds, soleOfficial }).map((rule) => `  ${''.padEnd(12)} ${rule}`)]
    })
  context.output.data(envelope, () => [
    `Roster ${roster.version} (${roster.profile}), valid until ${roster.expires}, ${roster.digest}`,
    ...lines,
    ...describeRules(roster.rules).map((rule) => `  ${rule}`),
    roster.logPolicy === undefined ? '  no transparency log' : `  log ${roster.logPolicy.log.name}, ${roster.logPolicy.quorum} of ${roster.logPolicy.witnesses.length} witnesses`,
  ])
  return EXIT.done
}
