import { dirname, resolve } from 'node:path'
import { LADDER, type PartnerRegistration, type PartnerSummary } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { readGivenSecret } from '../files.js'
import { registerDocument } from '../register-document.js'
import { readYamlMap } from '../yaml-file.js'
import { resolveSecrets } from './secrets.js'

export async function addPartner(context: CliContext, file: string): Promise<number> {
  const partner = await readYamlMap(file)
  const sources = {
    variable: context.io.environment.lookup,
    file: (path: string) => readGivenSecret(resolve(dirname(file), path), context.output),
  }
  const { channels } = partner
  const resolved = channels === undefined ? partner : { ...partner, channels: await resolveSecrets(channels, sources) }
  // The service checks the members.
  const registration = resolved as object as PartnerRegistration
  return registerDocument<PartnerSummary | undefined>(
    context,
    registration,
    (client) => client.post('/v1/partners', registration),
    `Partner ${String(partner['id'])} registered`,
    remarkOnNews,
  )
}

function remarkOnNews(registered: PartnerSummary | undefined): string | undefined {
  if (registered?.onlyWhereNamed !== true) return undefined
  const { id, groups } = registered
  const steps = groups.filter((group) => (LADDER as readonly string[]).includes(group))
  const only = 'it is notified of tickets, and of policies only where a plan names it; "all partners" leaves it out.'
  return `${id} is in ${steps.join(', ')}: ${only}`
}
