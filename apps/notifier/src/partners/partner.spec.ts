import { readShape } from '#libs/platform'
import { describe, expect, it } from 'vitest'
import { parsePartner } from './parse-partner.js'
import type { Partner } from './partner.js'
import { resolvePartners } from './partner.js'
import { PartnerRegistrationDto } from './partners.dto.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const webhook = { url: 'https://partner.example/hooks/hms', secret: SECRET }
const minimal = { id: 'va-deq', name: 'Virginia DEQ', channels: [{ webhook }] }

const read = (body: unknown): PartnerRegistrationDto => readShape(PartnerRegistrationDto, body).value
/** Places that the edge refuses, each once. */
const misshapenAt = (body: unknown): string[] => [...new Set(readShape(PartnerRegistrationDto, body).errors.map(({ pointer }) => pointer))]
const pointersOf = (body: unknown): string[] => {
  const parsed = parsePartner(read(body))
  return parsed.ok ? [] : parsed.problems.map(({ pointer }) => pointer)
}

describe('the shape of a registration', () => {
  it('takes a partner with and without options', () => {
    expect(misshapenAt(minimal)).toEqual([])
    expect(misshapenAt({ ...minimal, groups: ['a'], lane: 'every', networks: ['10.0.0.0/8'] })).toEqual([])
    expect(misshapenAt({ ...minimal, channels: [{ email: {} }, { sftp: {} }] })).toEqual([])
  })

  it.each([
    [null, ['']],
    [[], ['']],
    [{}, ['/id', '/name', '/channels']],
    [{ ...minimal, id: 7 }, ['/id']],
    [{ ...minimal, name: ' ' }, ['/name']],
    [{ ...minimal, name: 'n'.repeat(201) }, ['/name']],
    [{ ...minimal, groups: 'x' }, ['/groups']],
    [{ ...minimal, groups: [7] }, ['/groups']],
    [{ ...minimal, groups: Array.from({ length: 65 }, (_, index) => `g-${index}`) }, ['/groups']],
    [{ ...minimal, lane: 'newest' }, ['/lane']],
    [{ ...minimal, networks: [{}] }, ['/networks']],
    [{ ...minimal, 'a/b': 1 }, ['/a~1b']],
    [{ ...minimal, channels: [] }, ['/channels']],
    [{ ...minimal, channels: ['x'] }, ['/channels/0']],
    [{ ...minimal, channels: Array.from({ length: 9 }, () => ({ webhook })) }, ['/channels']],
    [{ ...minimal, channels: [{ pager: {} }] }, ['/channels/0/pager']],
    [{ ...minimal, channels: [{ webhook: null }] }, ['/channels/0/webhook']],
    [{ ...minimal, channels: [{ webhook: [] }] }, ['/channels/0/webhook']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, url: 7 } }] }, ['/channels/0/webhook/url']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, url: 'u'.repeat(2049) } }] }, ['/channels/0/webhook/url']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, secret: 7 } }] }, ['/channels/0/webhook/secret']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, extra: 1 } }] }, ['/channels/0/webhook/extra']],
  ])('%# points at what is wrong', (value, pointers) => {
    expect(misshapenAt(value)).toEqual(pointers)
  })

  it('never repeats a secret', () => {
    const { errors } = readShape(PartnerRegistrationDto, { ...minimal, channels: [{ webhook: { secret: { key: 'hunter2' } } }] })
    expect(errors).not.toEqual([])
    expect(JSON.stringify(errors)).not.toContain('hunter2')
  })
})

describe('parsePartner', () => {
  it('fills in the defaults', () => {
    expect(parsePartner(read(minimal))).toEqual({ ok: true, partner: { ...minimal, groups: [], lane: 'latest', networks: [] } })
  })

  it('keeps what is given', () => {
    const full = { ...minimal, groups: ['state-airboards'], lane: 'every', networks: ['10.0.0.0/8', 'fd00::/8'] }
    expect(parsePartner(read(full))).toEqual({ ok: true, partner: full })
  })

  it.each([
    [{ ...minimal, id: 'VA' }, ['/id']],
    [{ ...minimal, id: 'a--b' }, ['/id']],
    [{ ...minimal, id: 'a'.repeat(101) }, ['/id']],
    [{ ...minimal, groups: ['ok', 'Not ok'] }, ['/groups/1']],
    [{ ...minimal, networks: ['10.0.0.0'] }, ['/networks/0']],
    [{ ...minimal, networks: ['10.0.0.0/33'] }, ['/networks/0']],
    [{ ...minimal, channels: [{}] }, ['/channels/0']],
    [{ ...minimal, channels: [{ webhook, email: {} }] }, ['/channels/0']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, secret: 'env:VA' } }] }, ['/channels/0/webhook/secret']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, secret: 'whsec_c2hvcnQ=' } }] }, ['/channels/0/webhook/secret']],
  ])('%# points at what is wrong', (value, pointers) => {
    expect(pointersOf(value)).toEqual(pointers)
  })

  it.each(['email', 'sftp'])('names %s as known but unsupported, with a next step', (kind) => {
    expect(parsePartner(read({ ...minimal, channels: [{ webhook }, { [kind]: {} }] }))).toMatchObject({
      ok: false,
      code: 'HMS_PARTNER_CHANNEL_UNSUPPORTED',
      problems: [{ pointer: `/channels/1/${kind}`, detail: expect.stringContaining('give the partner a webhook') }],
    })
  })

  it('never repeats a secret in a problem', () => {
    const parsed = parsePartner(read({ ...minimal, channels: [{ webhook: { ...webhook, secret: 'hunter2hunter2' } }] }))
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
