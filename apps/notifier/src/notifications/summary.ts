import type { LeftOut, NotificationSummary } from '#libs/pipeline'
import type { Delivery } from '../delivery/delivery.table.js'
import { HORIZON_MS } from '../delivery/schedule.js'
import { covers } from '../delivery/notified-policies.js'

type DeliveryState = 'sent' | 'retrying' | 'failed' | 'superseded'
type Addressees = { partners: readonly string[]; unknown: readonly string[]; leftOut?: LeftOut }
type Facts = Pick<Delivery, 'partner' | 'policy' | 'version' | 'digest' | 'policies' | 'state' | 'firstAt' | 'createdAt' | 'acknowledged'>

export function summarize(stage: Addressees, deliveries: readonly Facts[]): NotificationSummary {
  const ofPartner = (partner: string): Facts[] => deliveries.filter((delivery) => delivery.partner === partner)
  const states = stage.partners.map((partner) => deliveryStateOf(ofPartner(partner)))
  const count = (state: DeliveryState): number => states.filter((each) => each === state).length
  const [sent, retrying] = [count('sent'), count('retrying')]
  const parts = [`${sent} sent`]
  const elsewhere = stage.partners.filter((_, at) => states[at] === 'sent').filter((partner) => ofPartner(partner).some(isPending)).length
  if (elsewhere > 0) parts.push(`${elsewhere} of them retrying on another channel until ${horizonOf(deliveries)}`)
  if (retrying > 0) parts.push(`${retrying} retrying until ${horizonOf(deliveries)}`)
  for (const state of ['failed', 'superseded'] as const) if (count(state) > 0) parts.push(`${count(state)} ${state}`)
  return {
    summary: `${parts.join(', ')}${remark(stage)}${leftOutRemark(stage)}`,
    sent,
    retrying,
    acknowledged: stage.partners.filter((partner) => isReached(ofPartner(partner), ({ acknowledged }) => acknowledged !== undefined))
      .length,
  }
}

/** Whether deliveries that satisfy `by` cover each policy on some channel. False without any: the partner was removed early. */
function isReached(deliveries: readonly Facts[], by: (delivery: Facts) => boolean): boolean {
  const reached = deliveries.filter(by)
  return deliveries.length > 0 && deliveries.every((delivery) => covers(reached, delivery))
}

/** Delivery state of a partner. It was notified when each policy reached it on at least one channel, regardless of its other channels. */
function deliveryStateOf(deliveries: readonly Facts[]): DeliveryState {
  if (isReached(deliveries, ({ state }) => state === 'delivered')) return 'sent'
  if (deliveries.some(isPending)) return 'retrying'
  return deliveries.some(({ state }) => state === 'dead') ? 'failed' : 'superseded'
}

function isPending({ state }: Facts): boolean {
  return state === 'pending'
}

/** Time when the last delivery is abandoned, 24 hours after its first attempt; in whole seconds, since people read it. */
function horizonOf(deliveries: readonly Facts[]): string {
  const waiting = deliveries.filter(isPending).map(({ firstAt, createdAt }) => Date.parse(firstAt ?? createdAt))
  return new Date(Math.max(...waiting) + HORIZON_MS).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

function remark({ partners, unknown }: Addressees): string {
  if (unknown.length > 0) return ` (unknown: ${unknown.join(', ')})`
  return partners.length === 0 ? ' (no partners)' : ''
}

/** Returns a remark on the on-call partners that a plan for all partners excludes. */
function leftOutRemark({ leftOut }: Addressees): string {
  if (leftOut === undefined) return ''
  const { count, names } = leftOut
  return `; not notified: ${names.join(', ')}${count > names.length ? ` and ${count - names.length} more` : ''} (on call)`
}
