import { HmsError } from '#libs/contracts'
import { ADDRESS_REFUSED, checkPartnerUrl, type Deployment } from './address-guard.js'
import { parsePartner } from './parse-partner.js'
import type { Partner } from './partner.js'

/** What was sent as a partner that may be stored and called. Throws `HmsError`; its words repeat no secret. */
export function checkPartner(body: unknown, deployment: Deployment): Partner {
  const parsed = parsePartner(body)
  const next = ['hms-svc partners add FILE']
  if (!parsed.ok) throw new HmsError(parsed.code, sentence(parsed.problems), { status: 422, errors: parsed.problems, next })
  const { partner } = parsed
  const refused = partner.channels.flatMap(({ webhook }, index) => {
    const check = checkPartnerUrl(webhook.url, partner.networks, deployment)
    return check.ok ? [] : [{ pointer: `/channels/${index}/webhook/url`, detail: check.detail }]
  })
  if (refused.length > 0) throw new HmsError(ADDRESS_REFUSED, sentence(refused), { status: 400, errors: refused, next })
  return partner
}

function sentence(problems: { pointer: string; detail: string }[]): string {
  return problems.map(({ pointer, detail }) => (pointer === '' ? detail : `${pointer}: ${detail}`)).join('; ')
}
