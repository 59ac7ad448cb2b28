import { HmsError } from '#libs/contracts'
import { ADDRESS_REFUSED, checkPartnerUrl, type Deployment } from './address-guard.js'
import { parsePartner } from './parse-partner.js'
import type { Partner } from './partner.js'
import type { PartnerRegistrationDto } from './partners.dto.js'

/** The partner to store and call. Throws `HmsError`, whose texts repeat no secret. */
export function checkPartner(body: PartnerRegistrationDto, deployment: Deployment): Partner {
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
