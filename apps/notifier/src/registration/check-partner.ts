import { action, HmsError, type FieldProblem } from '#libs/contracts'
import { senderOf, type ChannelRefusal, type ChannelSenders } from '../channels/channel-sender.js'
import { ADDRESS_REFUSED, checkPartnerHost, checkPartnerUrl, type Deployment } from '../partners/address-guard.js'
import type { Channel } from '../partners/channel.js'
import { parsePartner } from '../partners/parse-partner.js'
import type { Partner } from '../partners/partner.js'
import type { PartnerRegistrationDto } from '../partners/partners.dto.js'

const NEXT = [action('partners.add')]

/** Validates a registration and returns the partner to store and call. Throws `HmsError`, whose texts contain no secret. */
export function checkPartner(body: PartnerRegistrationDto, deployment: Deployment, senders: ChannelSenders): Partner {
  const parsed = parsePartner(body)
  if (!parsed.ok) throw refusal('HMS_PARTNER_INVALID', 422, parsed.problems)
  const { partner } = parsed
  const places = partner.channels.map((channel, index) => ({ channel, pointer: `/channels/${index}/${channel.kind}` }))
  const undelivered = places.flatMap(({ channel, pointer }) => {
    const refused = channelRefusal(senders, channel)
    return refused === undefined ? [] : [{ code: refused.code, problem: { pointer, detail: refused.detail } }]
  })
  const problems = undelivered.map(({ problem }) => problem)
  if (undelivered.length > 0) throw refusal(undelivered[0]!.code, 422, problems)
  const forbidden = places.flatMap(({ channel, pointer }) => addressProblem(channel, pointer, partner.networks, deployment))
  if (forbidden.length > 0) throw refusal(ADDRESS_REFUSED, 400, forbidden)
  return partner
}

/** Returns why a channel cannot be registered here; `undefined` if it can. */
function channelRefusal(senders: ChannelSenders, channel: Channel): ChannelRefusal | undefined {
  const sender = senderOf(senders, channel)
  if (sender !== undefined) return sender.refusal?.(channel)
  const kinds = Object.keys(senders).join(', ')
  const detail = `${channel.kind} is not delivered by this version; give the partner another channel (${kinds})`
  return { code: 'HMS_PARTNER_CHANNEL_UNSUPPORTED', detail }
}

/** Checks every host of a partner's channels. Mail uses the agency's own relay, which no partner chooses. */
function addressProblem(channel: Channel, pointer: string, networks: readonly string[], deployment: Deployment): FieldProblem[] {
  switch (channel.kind) {
    case 'webhook':
    case 'a2a':
    case 'agent2agent': {
      const check = checkPartnerUrl(channel.url, networks, deployment)
      return check.ok ? [] : [{ pointer: `${pointer}/url`, detail: check.detail }]
    }
    case 'sftp': {
      const check = checkPartnerHost(channel.host, channel.port, networks, deployment)
      return check.ok ? [] : [{ pointer: `${pointer}/host`, detail: check.detail }]
    }
    case 'email':
      return []
  }
}

function refusal(code: string, status: number, errors: FieldProblem[]): HmsError {
  return new HmsError(code, sentence(errors), { status, errors, next: NEXT })
}

function sentence(problems: readonly FieldProblem[]): string {
  return problems.map(({ pointer, detail }) => (pointer === '' ? detail : `${pointer}: ${detail}`)).join('; ')
}
