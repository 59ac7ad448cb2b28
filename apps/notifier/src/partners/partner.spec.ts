import { describe, expect, it } from 'vitest'
import { parsePartner } from './parse-partner.js'
import type { Partner } from './partner.js'
import { resolvePartners } from './partner.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const webhook = { url: 'https://partner.example/hooks/hms', secret: SECRET }
const minimal = { id: 'va-deq', name: 'Virginia DEQ', channels: [{ webhook }] }

const pointersOf = (value: unknown): string[] => {
  const parsed = parsePartner(value)
  return parsed.ok ? [] : parsed.problems.map(({ pointer }) => pointer)
}

describe('parsePartner', () => {
  it('fills in the defaults', () => {
    expect(parsePartner(minimal)).toEqual({ ok: true, partner: { ...minimal, groups: [], lane: 'latest', networks: [] } })
  })

  it('keeps what is given', () => {
    const full = { ...minimal, groups: ['state-airboards'], lane: 'every', networks: ['10.0.0.0/8', 'fd00::/8'] }
    expect(parsePartner(full)).toEqual({ ok: true, partner: full })
  })

  it.each([
    [null, ['']],
    [[], ['']],
    [{}, ['/id', '/name', '/channels']],
    [{ ...minimal, id: 'VA' }, ['/id']],
    [{ ...minimal, id: 'a--b' }, ['/id']],
    [{ ...minimal, name: ' ' }, ['/name']],
    [{ ...minimal, groups: 'x' }, ['/groups']],
    [{ ...minimal, groups: ['ok', 'Not ok'] }, ['/groups/1']],
    [{ ...minimal, lane: 'newest' }, ['/lane']],
    [{ ...minimal, networks: ['10.0.0.0'] }, ['/networks/0']],
    [{ ...minimal, networks: ['10.0.0.0/33'] }, ['/networks/0']],
    [{ ...minimal, 'a/b': 1 }, ['/a~1b']],
    [{ ...minimal, channels: [] }, ['/channels']],
    [{ ...minimal, channels: [{}] }, ['/channels/0']],
    [{ ...minimal, channels: [{ webhook, email: {} }] }, ['/channels/0']],
    [{ ...minimal, channels: [{ pager: {} }] }, ['/channels/0']],
    [{ ...minimal, channels: [{ webhook: null }] }, ['/channels/0/webhook']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, url: 7 } }] }, ['/channels/0/webhook/url']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, secret: 'env:VA' } }] }, ['/channels/0/webhook/secret']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, secret: 'whsec_c2hvcnQ=' } }] }, ['/channels/0/webhook/secret']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, extra: 1 } }] }, ['/channels/0/webhook/extra']],
  ])('%# points at what is wrong', (value, pointers) => {
    expect(pointersOf(value)).toEqual(pointers)
  })

  it.each(['email', 'sftp'])('names %s as known but unsupported, with a next step', (kind) => {
    expect(parsePartner({ ...minimal, channels: [{ webhook }, { [kind]: {} }] })).toMatchObject({
      ok: false,
      code: 'HMS_PARTNER_CHANNEL_UNSUPPORTED',
      problems: [{ pointer: `/channels/1/${kind}`, detail: expect.stringContaining('give the partner a webhook') }],
    })
  })

  it('never repeats a secret in a problem', () => {
    const parsed = parsePartner({ ...minimal, channels: [{ webhook: { ...webhook, secret: 'hunter2hunter2' } }] })
    expect(JSON.stringify(parsed)).not.toContain('hunter2')
  })
})

describe('resolvePartners', () => {
  const partner = (id: string, ...groups: string[]): Partner => ({ id, name: id, groups, channels: [], lane: 'latest', networks: [] })
  const all = [partner('va-deq', 'state-airboards'), partner('md-mde', 'state-airboards'), partner('epa-open-data')]
  const idsOf = (selection: string[] | null): string[] => resolvePartners(selection, all).partners.map(({ id }) => id)

  it('takes null for all, an empty selection for none', () => {
    expect(idsOf(null)).toEqual(['epa-open-data', 'md-mde', 'va-deq'])
    expect(idsOf([])).toEqual([])
  })

  it('takes ids and groups, each partner once, by id', () => {
    expect(idsOf(['va-deq', 'state-airboards'])).toEqual(['md-mde', 'va-deq'])
  })

  it('names what it does not know once', () => {
    expect(resolvePartners(['nobody', 'va-deq', 'nobody'], all)).toMatchObject({ unknown: ['nobody'], partners: [{ id: 'va-deq' }] })
  })
})
