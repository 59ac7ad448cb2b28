import { EXIT, type RedriveManyRequest } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { actOnEach } from '../documents.js'
import { requireName, requireReason, usageError } from '../errors.js'
import { policyFilter, timeOf } from '../flags.js'

export interface RedriveOptions {
  reason: string
  failed?: boolean
  partner?: string
  policy?: string
  since?: string
  until?: string
}

export async function redriveDeliveries(context: CliContext, ids: readonly string[], options: RedriveOptions): Promise<number> {
  requireReason(options.reason, 'partners redrive')
  const { failed, reason, ...chosen } = options
  const choosesSome = Object.keys(chosen).length > 0
  if (ids.length > 0 && (failed === true || choosesSome)) throw usageError('Name deliveries, or choose them with --failed; not both')
  if (ids.length === 0 && failed !== true) {
    throw usageError('Name deliveries, or say --failed for all that were given up', ['hms-svc partners deliveries --state dead'])
  }
  return failed === true ? redriveFailed(context, reason, chosen) : redriveEach(context, ids, reason)
}

async function redriveEach(context: CliContext, ids: readonly string[], reason: string): Promise<number> {
  const client = await context.client()
  return actOnEach(context, ids, 'partners redrive', async (id) => {
    requireName(id, 'the id of a delivery', 'hms-svc partners deliveries')
    const delivery = await client.post('/v1/deliveries/{id}/redrive', { reason }, { params: { id } })
    return { value: delivery, said: `${id} is queued to be sent again to ${delivery.partner}, as message ${delivery.messageId}` }
  })
}

async function redriveFailed(
  context: CliContext,
  reason: string,
  { partner, policy, since, until }: Omit<RedriveOptions, 'reason' | 'failed'>,
): Promise<number> {
  const { output } = context
  const now = context.io.now()
  const request: RedriveManyRequest = {
    reason,
    ...(partner === undefined ? {} : { partner }),
    ...policyFilter(policy),
    ...(since === undefined ? {} : { since: timeOf('--since', since, now) }),
    ...(until === undefined ? {} : { until: timeOf('--until', until, now) }),
  }
  const client = await context.client()
  const result = await client.post('/v1/deliveries/redrive', request)
  const { redriven, skipped, more } = result
  output.result(result, [`${redriven.length} ${redriven.length === 1 ? 'delivery is' : 'deliveries are'} queued to be sent again`])
  for (const { id, detail } of skipped) output.note(`left alone: ${id}: ${detail}`)
  if (more) output.note('There are more: run the same command again.')
  return EXIT.done
}
