import { EXIT, type DeliveryDetail, type RedriveManyRequest } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { reportError, requireName, requireReason, usageError } from '../errors.js'
import { policyFilter } from './policy-filter.js'
import { timeOf } from './time-flag.js'

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

/** Redrives each delivery. A failure does not stop the others, and its code is the exit code. */
async function redriveEach(context: CliContext, ids: readonly string[], reason: string): Promise<number> {
  const { output } = context
  const client = await context.client()
  const redriven: DeliveryDetail[] = []
  let code: number = EXIT.done
  for (const id of ids) {
    try {
      requireName(id, 'the id of a delivery', 'hms-svc partners deliveries')
      const delivery = await client.post('/v1/deliveries/{id}/redrive', { reason }, { params: { id } })
      redriven.push(delivery)
      output.done(`${id} is queued to be sent again to ${delivery.partner}, as message ${delivery.messageId}`)
    } catch (error) {
      const refused = reportError(error, output, 'partners redrive')
      if (code === EXIT.done) code = refused
    }
  }
  output.result(redriven, [])
  return code
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
