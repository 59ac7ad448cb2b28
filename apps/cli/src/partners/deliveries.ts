import { DELIVERY_STATES, EXIT, type DeliveriesFilter, type DeliveryState } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName, usageError } from '../errors.js'
import { parseRunNumber } from '../runs/run-number.js'
import { DELIVERY_COLUMNS } from './delivery-table.js'
import { policyFilter } from './policy-filter.js'
import { timeOf } from './time-flag.js'

export interface DeliveriesOptions {
  run?: string
  policy?: string
  state?: string
  since?: string
  before?: string
  limit?: string
}

const PAGE = 500

export async function listDeliveries(context: CliContext, partner: string | undefined, options: DeliveriesOptions): Promise<number> {
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
  context.output.list(deliveries, DELIVERY_COLUMNS, whenEmpty(partner, options))
  const last = deliveries.at(-1)
  if (last !== undefined && deliveries.length === limit)
    context.output.note(`The newest ${limit} are shown. Older ones: the same command with --before ${last.id}`)
  return EXIT.done
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
