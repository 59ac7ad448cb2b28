import {
  DELIVERY_STATES,
  EXIT,
  NO_RUN,
  type DeliveryDetail,
  type DeliveryState,
  type DeliveryTry,
  type DeliveryView,
} from '#libs/contracts'
import type { CliContext } from '../context.js'
import { actOnEach } from '../documents.js'
import { requireName, requireReason, usageError } from '../errors.js'
import { numberFlag, parseRunNumber, policyFilter, timeOf } from '../flags.js'
import type { Columns } from '../output/table.js'
import type { DELIVERIES, FlagsOf, REDRIVE } from '../verbs/options.js'

type DeliveriesOptions = FlagsOf<typeof DELIVERIES>

const PAGE = 500

export async function listDeliveries(context: CliContext, partner: string | undefined, options: DeliveriesOptions): Promise<void> {
  if (partner !== undefined) requireName(partner, 'the id of a partner', 'hms-svc partners list')
  const { run, policy, state, since, before } = options
  const limit = numberFlag('--limit', options.limit, { least: 1, most: PAGE, verb: 'partners deliveries' }) ?? PAGE
  const deliveries = await context.get('/v1/deliveries', {
    partner,
    run: run === undefined ? undefined : parseRunNumber(run),
    ...policyFilter(policy),
    state: state === undefined ? undefined : stateOf(state),
    since: since === undefined ? undefined : timeOf('--since', since, context.io.now()),
    before,
    limit,
  })
  const none = partner === undefined ? 'Nothing was sent yet.' : `Nothing was sent to ${partner} yet.`
  context.output.list(deliveries, COLUMNS, Object.keys(options).length > 0 ? 'No matching deliveries.' : none)
  const last = deliveries.at(-1)
  if (last !== undefined && deliveries.length === limit)
    context.output.note(`${limit} are shown. Older ones: the same command with --before ${last.id}`)
}

function stateOf(text: string): DeliveryState {
  const state = DELIVERY_STATES.find((each) => each === text)
  if (state === undefined) throw usageError(`--state ${text} is none of ${DELIVERY_STATES.join(', ')}`)
  return state
}

/** STATE says whether the partner's server accepted the message, ACKNOWLEDGED whether the partner confirmed it. */
const COLUMNS: Columns<DeliveryView> = {
  PARTNER: 'partner',
  RUN: ({ run }) => (run === NO_RUN ? '–' : `#${run}`),
  POLICY: shortBundle,
  CHANNEL: 'channel',
  STATE: 'state',
  ACKNOWLEDGED: acknowledgement,
  TRIES: 'attempts',
  NEXT: 'nextAttemptAt',
  'LAST ANSWER': lastAnswer,
  ID: 'id',
}

/** Formats the policy of a delivery. A bundle is shortened; `partners delivery` lists all its policies. */
function shortBundle({ policy, version, bundle }: DeliveryView): string {
  return `${policy}@${version}${bundle.length > 1 ? ` and ${bundle.length - 1} more` : ''}`
}

function acknowledgement({ acknowledgedAt, acknowledgedBy }: DeliveryView): string | null {
  return acknowledgedAt === null ? null : `${acknowledgedAt} (${acknowledgedBy})`
}

function lastAnswer(delivery: DeliveryView): string | null {
  const parts = [delivery.lastStatus, delivery.lastDetail].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(' ')
}

/** Maximum number of characters printed of a response; `--json` prints the stored 4 KiB. */
const SHOWN = 200

export async function showDelivery(context: CliContext, id: string): Promise<void> {
  requireName(id, 'the id of a delivery', 'hms-svc partners deliveries')
  const delivery = await context.get('/v1/deliveries/{id}', { id })
  context.output.data(delivery, () => linesOf(delivery))
}

function linesOf(delivery: DeliveryDetail): string[] {
  const { id, state, partner, channel, bundle, run, messageId, supersedes, tries, redrives } = delivery
  return [
    `DELIVERY ${id}  ${state}`,
    `  partner       ${partner}, by ${channel}`,
    `  policy        ${bundle.join(', ')}, of ${run === NO_RUN ? 'no run' : `run #${run}`}`,
    `  message       ${messageId}`,
    `  supersedes    ${supersedes.length === 0 ? '–' : supersedes.join(', ')}`,
    `  made          ${delivery.createdAt}`,
    `  delivered     ${delivery.deliveredAt ?? '–'}`,
    `  acknowledged  ${acknowledgement(delivery) ?? '–'}`,
    ...tries.flatMap(tryLines),
    ...redrives.map(({ at, by, reason }) => `  redriven      ${at} by ${by}: ${reason}`),
    ...(delivery.nextAttemptAt === null ? [] : [`  next try      ${delivery.nextAttemptAt}`]),
    ...(state === 'dead' ? [`  next: hms-svc partners redrive ${id} --reason TEXT`] : []),
  ]
}

function tryLines({ at, status, latencyMs, detail, address, tlsFingerprint, keyId, reply }: DeliveryTry): string[] {
  const result = [status, detail].filter((part) => part !== null).join(' ')
  const shown = [
    ['address', address],
    ['certificate', tlsFingerprint],
    ['key', keyId],
    ['answer', reply === null || reply === '' ? null : reply.slice(0, SHOWN)],
  ] as const
  const evidence = shown.flatMap(([name, value]) => (value === null ? [] : [`    ${name.padEnd(12)}${value}`]))
  return [`  try           ${at}  ${result || 'accepted'}, ${latencyMs} ms`, ...evidence]
}

type RedriveOptions = FlagsOf<typeof REDRIVE>

export async function redriveDeliveries(context: CliContext, ids: readonly string[], options: RedriveOptions): Promise<number> {
  requireReason(options.reason, 'partners redrive')
  const { failed, reason, ...filters } = options
  const hasFilters = Object.keys(filters).length > 0
  if (ids.length > 0 && (failed === true || hasFilters)) throw usageError('Name deliveries, or choose them with --failed; not both')
  if (ids.length === 0 && failed !== true)
    throw usageError('Name deliveries, or say --failed for all that were given up', ['hms-svc partners deliveries --state dead'])
  if (failed === true) return redriveFailed(context, options)
  // Reports an unusable address or timeout once, not for each delivery.
  await context.client()
  return actOnEach(context, ids, 'partners redrive', async (id) => {
    requireName(id, 'the id of a delivery', 'hms-svc partners deliveries')
    const delivery = await context.post('/v1/deliveries/{id}/redrive', { reason }, { params: { id } })
    return { value: delivery, message: `${id} is queued to be sent again to ${delivery.partner}, as message ${delivery.messageId}` }
  })
}

async function redriveFailed(context: CliContext, { reason, partner, policy, since, until }: RedriveOptions): Promise<number> {
  const { output } = context
  const now = context.io.now()
  const result = await context.post('/v1/deliveries/redrive', {
    reason,
    partner,
    ...policyFilter(policy),
    since: since === undefined ? undefined : timeOf('--since', since, now),
    until: until === undefined ? undefined : timeOf('--until', until, now),
  })
  const { redriven, skipped, more } = result
  output.result(result, [`${redriven.length} ${redriven.length === 1 ? 'delivery is' : 'deliveries are'} queued to be sent again`])
  for (const { id, detail } of skipped) output.note(`left alone: ${id}: ${detail}`)
  if (more) output.note('There are more: run the same command again.')
  return EXIT.done
}
