import { dirname, resolve } from 'node:path'
import {
  EXIT,
  LADDER,
  type ChannelTest,
  type PartnerRegistration,
  type PartnerSummary,
  type RefusalExplanation,
  type ResubscribeRequest,
} from '#libs/contracts'
import type { CliContext } from '../context.js'
import { listing, registerDocument } from '../documents.js'
import { requireName, requireReason } from '../errors.js'
import { readGivenSecret, readYamlMap } from '../files.js'
import { resolveSecrets } from './secrets.js'

export async function addPartner(context: CliContext, file: string): Promise<void> {
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

export const listPartners = listing(
  (client) => client.get('/v1/partners'),
  {
    PARTNER: 'id',
    LANE: 'lane',
    GROUPS: ({ groups }) => groups.join(', '),
    NEWS: ({ onlyWhereNamed }) => (onlyWhereNamed === true ? 'where named (on call)' : 'all'),
    CHANNELS: ({ channels }) => channels.join(', '),
    UNSUBSCRIBED: ({ unsubscribed }) => unsubscribed.map(({ address }) => address).join(', '),
    NAME: 'name',
  },
  'No partners yet. Register one: hms-svc partners add FILE',
)

/** Longer than the service needs for all channels. */
const TIMEOUT_MS = 60_000

/** Tests a partner's channels. Exit 6 if a channel did not accept the message. */
export async function testPartner(
  context: CliContext,
  partner: string,
  { channel, explain }: { channel?: string; explain?: boolean },
): Promise<number> {
  requireName(partner, 'the id of a partner', 'hms-svc partners list')
  const client = await context.client()
  const result = await client.post('/v1/partners/{id}/test', { channel, explain }, { params: { id: partner }, timeoutMs: TIMEOUT_MS })
  const { output } = context
  if (output.mode === 'json') output.data(result, () => [])
  else for (const test of result.channels) for (const line of linesOf(test)) (test.ok ? output.done : output.undone).call(output, line)
  return result.ok ? EXIT.done : EXIT.failed
}

function linesOf({ channel, ok, status, latencyMs, detail, address, explanation }: ChannelTest): string[] {
  const facts = [status === null ? null : `status ${status}`, `${latencyMs} ms`, address].filter((fact) => fact !== null)
  const said = `${ok ? 'took' : 'did not take'} the test message (${facts.join(', ')})${detail === null ? '' : `: ${detail}`}`
  return [said, ...(explanation === null ? [] : explained(explanation))].map((line) => `${channel}: ${line}`)
}

function explained({ suspect, detail, secretPrefix, signed }: RefusalExplanation): string[] {
  const { id, timestamp, bytes, bodySha256 } = signed
  return [
    `${suspect === null ? 'not known what is wrong' : `${suspect} is wrong`}: ${detail}`,
    `signed with ${secretPrefix} over ${id}.${timestamp}.BODY, body of ${bytes} bytes, SHA-256 ${bodySha256}`,
  ]
}

export async function resubscribePartner(context: CliContext, id: string, { address, reason }: ResubscribeRequest): Promise<void> {
  requireName(id, 'the id of a partner', 'hms-svc partners list')
  requireReason(reason, 'partners resubscribe')
  const client = await context.client()
  const partner = await client.post('/v1/partners/{id}/resubscribe', { address, reason }, { params: { id } })
  context.output.result(partner, [`${id} is no longer unsubscribed at ${address}`])
}
