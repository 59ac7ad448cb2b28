import type { RefusalExplanation } from '#libs/contracts'
import type { Channel } from '../partners/channel.js'
import type { AckAnswer, AckPlace, Attempt, ChannelRefusal, ChannelSender, ChannelSenders, Outcome, SentMessage } from './channel-sender.js'

/** One try by the sender of the channel's kind. */
export async function dispatch(senders: ChannelSenders, attempt: Attempt, signal: AbortSignal): Promise<Outcome> {
  const sender = senderOf(senders, attempt.channel)
  if (sender !== undefined) return sender.send(attempt, signal)
  return { kind: 'refused', latencyMs: 0, detail: `this process has no sender for ${attempt.channel.kind}` }
}

/** Why the other side refuses a test; `undefined` where the channel has no signature to explain. */
export async function explain(senders: ChannelSenders, attempt: Attempt, signal: AbortSignal): Promise<RefusalExplanation | undefined> {
  return senderOf(senders, attempt.channel)?.explain?.(attempt, signal)
}

/** What lies at a partner beside messages of ours. */
export async function acknowledgements(
  senders: ChannelSenders,
  place: AckPlace,
  messages: readonly SentMessage[],
  signal: AbortSignal,
): Promise<AckAnswer> {
  const answer = await senderOf(senders, place.channel)?.acknowledgements?.(place, messages, signal)
  return answer ?? { ok: false, detail: `nothing is left beside messages on ${place.channel.kind}` }
}

/** Why a channel cannot be registered here. */
export function channelRefusal(senders: ChannelSenders, channel: Channel): ChannelRefusal | undefined {
  const sender = senderOf(senders, channel)
  if (sender !== undefined) return sender.refusal?.(channel)
  const kinds = Object.keys(senders).join(', ')
  return {
    code: 'HMS_PARTNER_CHANNEL_UNSUPPORTED',
    detail: `${channel.kind} is not delivered by this version; give the partner another channel (${kinds})`,
  }
}

export async function openSenders(senders: ChannelSenders): Promise<void> {
  await Promise.all(Object.values(senders).map((sender) => sender.open?.()))
}

export async function closeSenders(senders: ChannelSenders): Promise<void> {
  await Promise.all(Object.values(senders).map((sender) => sender.close()))
}

/** The sender of a kind takes channels of that kind; the type of the table says so for each, but not over all. */
function senderOf(senders: ChannelSenders, { kind }: Channel): ChannelSender | undefined {
  return senders[kind] as ChannelSender | undefined
}
