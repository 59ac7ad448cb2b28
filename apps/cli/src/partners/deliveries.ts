import {
  DELIVERY_STATES,
  NO_RUN,
  type DeliveriesFilter,
  type DeliveryDetail,
  type DeliveryState,
  type DeliveryTry,
  type DeliveryView,
} from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName, usageError } from '../errors.js'
import { parseRunNumber, policyFilter, timeOf } from '../flags.js'
import type { Columns } from '../output/table.js'

interface DeliveriesOptions {
  run?: string
  policy?: string
  state?: string
  since?: string
  before?: string
  limit?: string
}

const PAGE = 500

export async function listDeliveries(context: CliContext, partner: string | undefined, options: DeliveriesOptions): Promise<void> {
  if (partner !== undefined) requireName(partner, 'the id of a partner', 'hms-svc partners list')
  const limit = limitOf(options.limit)
  const filter: DeliveriesFilter = {
    partner,
    ...(options.run === undefined ? {} : { run: parseRunNumber(options.run) }),
    ...policyFilter(options.policy),
    ...(options.state === undefined ? {} : { state: stateOf(options.state) }),
    ...(options.since === undefined ? {} : { since: timeOf('--since', options.since, context.io.now()) }),
    ...(options.before === undefined ? {} : { before: options.before }),
    limit,
  }
  const client = await context.client()
  const deliveries = await client.get('/v1/deliveries', { ...filter })
  context.output.list(deliveries, COLUMNS, whenEmpty(partner, options))
  const last = deliveries.at(-1)
  if (last !== undefined && deliveries.length === limit)
    context.output.note(`The newest ${limit} are shown. Older ones: the same command with --before ${last.id}`)
}

function whenEmpty(partner: string | undefined, options: DeliveriesOptions): string {
  if (Object.keys(options).length > 0) return 'No matching deliveries.'
  return partner === undefined ? 'Nothing was sent yet.' : `Nothing was sent to ${partner} yet.`
}

function stateOf(text: string): DeliveryState {
  const state = DELIVERY_STATES.find((each) => each === text)
  if (state === undefined) throw usageError(`--state ${text} is none of ${DELIVERY_STATES.join(', ')}`)
  return state
}

function limitOf(text: string | undefined): number {
  const limit = text === undefined ? PAGE : Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE) return limit
  throw usageError(`--limit ${text} is no whole number of 1 to ${PAGE}`)
}

/** Two columns: delivered is the server's response, acknowledged the partner's. */
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

/** Shortens a bundle; the delivery itself lists all policies. */
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

/** Characters shown of a response; `--json` prints the 4 KiB that are kept. */
const SHOWN = 200

export async function showDelivery(context: CliContext, id: string): Promise<void> {
  requireName(id, 'the id of a delivery', 'hms-svc partners deliveries')
  const client = await context.client()
  const delivery = await client.get('/v1/deliveries/{id}', { id })
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
  const said = [status, detail].filter((part) => part !== null).join(' ')
  const shown = [
    ['address', address],
    ['certificate', tlsFingerprint],
    ['key', keyId],
    ['answer', reply === null || reply === '' ? null : reply.slice(0, SHOWN)],
  ] as const
  const evidence = shown.flatMap(([name, value]) => (value === null ? [] : [`    ${name.padEnd(12)}${value}`]))
  return [`  try           ${at}  ${said || 'taken'}, ${latencyMs} ms`, ...evidence]
}
