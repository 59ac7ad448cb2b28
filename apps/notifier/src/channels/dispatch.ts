import type { RefusalExplanation } from '#libs/contracts'
import type { Channel } from '../partners/channel.js'
import type { AckAnswer, AckPlace, Attempt, ChannelRefusal, ChannelSender, ChannelSenders, Outcome, SentMessage } from './channel-sender.js'

/** Makes one attempt through the sender of the channel's kind. */
export async function dispatch(senders: ChannelSenders, attempt: Attempt, signal: AbortSignal): Promise<Outcome> {
  const sender = senderOf(senders, attempt.channel)
  if (sender !== undefined) return sender.send(attempt, signal)
  return { kind: 'refused', latencyMs: 0, detail: `this process has no sender for ${attempt.channel.kind}` }
}

/** Explains why the other side refuses a test; `undefined` if the channel has no signature to explain. */
export async function explain(senders: ChannelSenders, attempt: Attempt, signal: AbortSignal): Promise<RefusalExplanation | undefined> {
  return senderOf(senders, attempt.channel)?.explain?.(attempt, signal)
}

/** Reads the acknowledgements a partner stored beside our messages. */
export async function acknowledgements(
  senders: ChannelSenders,
  place: AckPlace,
  messages: readonly SentMessage[],
  signal: AbortSignal,
): Promise<AckAnswer> {
  const answer = await senderOf(senders, place.channel)?.acknowledgements?.(place, messages, signal)
  return answer ?? { ok: false, detail: `nothing is left beside messages on ${place.channel.kind}` }
}

/** Returns why a channel cannot be registered here; `undefined` if it can. */
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

/** Returns the sender of the channel's kind. The type of the table relates kind and sender for each kind, but not for a union of kinds. */
function senderOf(senders: ChannelSenders, { kind }: Channel): ChannelSender | undefined {
  return senders[kind] as ChannelSender | undefined
}
