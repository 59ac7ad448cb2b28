import { EXIT, NO_RUN, type DeliveryDetail, type DeliveryTry } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { acknowledgement } from './delivery-table.js'

/** Characters shown of a response; `--json` prints the 4 KiB that are kept. */
const SHOWN = 200

export async function showDelivery(context: CliContext, id: string): Promise<number> {
  requireName(id, 'the id of a delivery', 'hms-svc partners deliveries')
  const client = await context.client()
  const delivery = await client.get('/v1/deliveries/{id}', { id })
  context.output.data(delivery, () => linesOf(delivery))
  return EXIT.done
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
