import { dirname, resolve } from 'node:path'
import {
  EXIT,
  LADDER,
  type ChannelTest,
  type Json,
  type PartnerRegistration,
  type PartnerSummary,
  type RefusalExplanation,
  type ResubscribeRequest,
} from '#libs/contracts'
import { pointerOf } from '#libs/policy'
import type { CliContext } from '../context.js'
import { listing } from '../documents.js'
import { requireName, requireReason, usageError } from '../errors.js'
import { readGivenSecret, readYamlMap } from '../files.js'

export async function addPartner(context: CliContext, file: string): Promise<void> {
  const partner = await readYamlMap(file)
  const sources = {
    variable: context.io.environment.lookup,
    file: (path: string) => readGivenSecret(resolve(dirname(file), path), context.output),
  }
  const { channels } = partner
  const resolved = channels === undefined ? partner : { ...partner, channels: await resolveMember(channels, ['channels'], sources) }
  // The service checks the members.
  const registered: PartnerSummary | undefined = await context.post('/v1/partners', resolved as object as PartnerRegistration)
  context.output.result(registered ?? resolved, [`Partner ${String(partner['id'])} registered`])
  if (registered?.onlyWhereNamed !== true) return
  const steps = registered.groups.filter((group) => (LADDER as readonly string[]).includes(group))
  const only = 'it is notified of tickets, but of policies only if a plan names it; "all partners" does not include it.'
  context.output.note(`${registered.id} is in ${steps.join(', ')}: ${only}`)
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

/** Request timeout in ms, longer than the service needs to test all channels. */
const TIMEOUT_MS = 60_000

/** Tests a partner's channels. Exit 6 if a channel did not accept the message. */
export async function testPartner(
  context: CliContext,
  partner: string,
  { channel, explain }: { channel?: string; explain?: boolean },
): Promise<number> {
  requireName(partner, 'the id of a partner', 'hms-svc partners list')
  const { output } = context
  const result = await context.post('/v1/partners/{id}/test', { channel, explain }, { params: { id: partner }, timeoutMs: TIMEOUT_MS })
  if (output.mode === 'json') output.data(result, () => [])
  else
    for (const test of result.channels) for (const line of linesOf(test)) (test.ok ? output.success : output.incomplete).call(output, line)
  return result.ok ? EXIT.done : EXIT.failed
}

function linesOf({ channel, ok, status, latencyMs, detail, address, explanation }: ChannelTest): string[] {
  const facts = [status === null ? null : `status ${status}`, `${latencyMs} ms`, address].filter((fact) => fact !== null)
  const outcome = `${ok ? 'accepted' : 'did not accept'} the test message (${facts.join(', ')})${detail === null ? '' : `: ${detail}`}`
  return [outcome, ...(explanation === null ? [] : explained(explanation))].map((line) => `${channel}: ${line}`)
}

function explained({ suspect, detail, secretPrefix, signed }: RefusalExplanation): string[] {
  const { id, timestamp, bytes, bodySha256 } = signed
  return [
    `${suspect === null ? 'cause unknown' : `${suspect} is wrong`}: ${detail}`,
    `signed with ${secretPrefix} over ${id}.${timestamp}.BODY, body of ${bytes} bytes, SHA-256 ${bodySha256}`,
  ]
}

export async function resubscribePartner(context: CliContext, id: string, { address, reason }: ResubscribeRequest): Promise<void> {
  requireName(id, 'the id of a partner', 'hms-svc partners list')
  requireReason(reason, 'partners resubscribe')
  const partner = await context.post('/v1/partners/{id}/resubscribe', { address, reason }, { params: { id } })
  context.output.result(partner, [`${id} is no longer unsubscribed at ${address}`])
}

interface SecretSources {
  variable(name: string): string | undefined
  /** Reads a path relative to the folder of the partner's own file. */
  file(path: string): Promise<string>
}

/** JSON pointers of the secret members. Every other member is sent to the partner's server, or displayed. */
const SECRETS = /^\/channels\/\d+\/(?:(?:webhook|a2a|agent2agent)\/secret|sftp\/key)$/

/** Resolves `env:` and `file:` in secrets alone: partners get the other members. A server that did it would disclose its secrets. */
async function resolveMember(value: Json, path: readonly (string | number)[], sources: SecretSources): Promise<Json> {
  if (typeof value === 'string') return resolveText(value, pointerOf(path), sources)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Promise.all(value.map((item, index) => resolveMember(item, [...path, index], sources)))
  const members = Object.entries(value).map(
    async ([name, member]) => [name, await resolveMember(member ?? null, [...path, name], sources)] as const,
  )
  return Object.fromEntries(await Promise.all(members))
}

async function resolveText(text: string, pointer: string, sources: SecretSources): Promise<string> {
  if (!/^(?:env|file):/.test(text)) return text
  // guard: partner-secrets-alone
  if (!SECRETS.test(pointer)) {
    throw usageError(
      `${pointer} is not a secret: env: and file: are allowed only in the secret of a channel and in sftp.key; write the value itself`,
    )
  }
  if (text.startsWith('file:')) return sources.file(text.slice('file:'.length))
  const name = text.slice('env:'.length)
  const value = sources.variable(name)
  if (value !== undefined) return value
  throw usageError(`The environment variable ${name}, which the partner's file names as a secret, is not set`, [`export ${name}=…`])
}
