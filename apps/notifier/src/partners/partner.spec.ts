import { readShape } from '#libs/platform'
import { describe, expect, it } from 'vitest'
import { parsePartner } from './parse-partner.js'
import { type Partner, resolvePartners } from './partner.js'
import { PartnerRegistrationDto } from './partners.dto.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const webhook = { url: 'https://partner.example/hooks/hms', secret: SECRET }
const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ'
const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----'
const sftp = { host: 'sftp.partner.example', user: 'hms', hostKey: HOST_KEY, dir: '/inbox', key: KEY }
const email = { to: 'air@va.example' }
const a2a = { url: 'https://partner.example/a2a', secret: 's'.repeat(32) }
const minimal = { id: 'va-deq', name: 'Virginia DEQ', channels: [{ webhook }] }

const read = (body: unknown): PartnerRegistrationDto => readShape(PartnerRegistrationDto, body).value
/** Returns the pointers that edge's validation refuses, without duplicates. */
const misshapenAt = (body: unknown): string[] => [...new Set(readShape(PartnerRegistrationDto, body).errors.map(({ pointer }) => pointer))]
const pointersOf = (body: unknown): string[] => {
  const parsed = parsePartner(read(body))
  return parsed.ok ? [] : parsed.problems.map(({ pointer }) => pointer)
}

describe('the schema of a registration', () => {
  it('accepts a partner with and without options', () => {
    expect(misshapenAt(minimal)).toEqual([])
    expect(misshapenAt({ ...minimal, groups: ['a'], lane: 'every', networks: ['10.0.0.0/8'] })).toEqual([])
    expect(
      misshapenAt({ ...minimal, channels: [{ email }, { sftp }, { a2a }], deliver: 'first', contact: 'a@b.example', rate: 5 }),
    ).toEqual([])
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
    [{ ...minimal, deliver: 'some' }, ['/deliver']],
    [{ ...minimal, contact: 7 }, ['/contact']],
    [{ ...minimal, rate: 0 }, ['/rate']],
    [{ ...minimal, rate: 0.5 }, ['/rate']],
    [{ ...minimal, 'a/b': 1 }, ['/a~1b']],
    [{ ...minimal, channels: [] }, ['/channels']],
    [{ ...minimal, channels: ['x'] }, ['/channels/0']],
    [{ ...minimal, channels: Array.from({ length: 9 }, () => ({ webhook })) }, ['/channels']],
    [{ ...minimal, channels: [{ pager: {} }] }, ['/channels/0/pager']],
    [{ ...minimal, channels: [{ webhook: null }] }, ['/channels/0/webhook']],
    [{ ...minimal, channels: [{ webhook: [] }] }, ['/channels/0/webhook']],
    [{ ...minimal, channels: [{ email: null }] }, ['/channels/0/email']],
    [{ ...minimal, channels: [{ email: { to: ['a@b.example'] } }] }, ['/channels/0/email/to']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, port: 70_000 } }] }, ['/channels/0/sftp/port']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, hostKey: undefined } }] }, ['/channels/0/sftp/hostKey']],
    [{ ...minimal, channels: [{ a2a: { url: a2a.url } }] }, ['/channels/0/a2a/secret']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, url: 7 } }] }, ['/channels/0/webhook/url']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, url: 'u'.repeat(2049) } }] }, ['/channels/0/webhook/url']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, secret: 7 } }] }, ['/channels/0/webhook/secret']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, extra: 1 } }] }, ['/channels/0/webhook/extra']],
  ])('points at the wrong member: %#', (value, pointers) => {
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
    const usual = { groups: [], deliver: 'all', contact: null, rate: 5, lane: 'latest', networks: [] }
    expect(parsePartner(read(minimal))).toEqual({
      ok: true,
      partner: { ...minimal, channels: [{ kind: 'webhook', ...webhook }], ...usual },
    })
  })

  it('keeps the given values', () => {
    const given = { groups: ['state-airboards'], lane: 'every', networks: ['10.0.0.0/8', 'fd00::/8'] }
    const more = { deliver: 'first', contact: 'air@va.example', rate: 2 }
    const full = { ...minimal, channels: [{ email }, { sftp }, { a2a }], ...given, ...more }
    const channels = [
      { kind: 'email', ...email },
      { kind: 'sftp', port: 22, ...sftp },
      { kind: 'a2a', ...a2a },
    ]
    expect(parsePartner(read(full))).toEqual({ ok: true, partner: { ...full, channels } })
  })

  it.each([
    [{ ...minimal, id: 'VA' }, ['/id']],
    [{ ...minimal, id: 'a--b' }, ['/id']],
    [{ ...minimal, id: 'a'.repeat(101) }, ['/id']],
    [{ ...minimal, groups: ['ok', 'Not ok'] }, ['/groups/1']],
    [{ ...minimal, networks: ['10.0.0.0'] }, ['/networks/0']],
    [{ ...minimal, networks: ['10.0.0.0/33'] }, ['/networks/0']],
    [{ ...minimal, channels: [{}] }, ['/channels/0']],
    [{ ...minimal, channels: [{ webhook, email }] }, ['/channels/0']],
    [{ ...minimal, contact: 'the air board' }, ['/contact']],
    [{ ...minimal, channels: [{ email: { to: 'a@b.example, c@d.example' } }] }, ['/channels/0/email/to']],
    [{ ...minimal, channels: [{ email: { to: 'a@b.example\r\nbcc: c@d.example' } }] }, ['/channels/0/email/to']],
    [{ ...minimal, channels: [{ email: { to: 'Air <a@b.example>' } }] }, ['/channels/0/email/to']],
    [{ ...minimal, channels: [{ email: { to: 'root@localhost' } }] }, ['/channels/0/email/to']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, user: 'a b' } }] }, ['/channels/0/sftp/user']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, hostKey: 'SHA256:abc' } }] }, ['/channels/0/sftp/hostKey']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, hostKey: HOST_KEY.replace('ssh-ed25519', 'ssh-rsa') } }] }, ['/channels/0/sftp/hostKey']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, dir: '/inbox/../../etc' } }] }, ['/channels/0/sftp/dir']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, dir: 'a\nb' } }] }, ['/channels/0/sftp/dir']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, key: 'file:id_ed25519' } }] }, ['/channels/0/sftp/key']],
    [{ ...minimal, channels: [{ sftp: { ...sftp, key: HOST_KEY } }] }, ['/channels/0/sftp/key']],
    [{ ...minimal, channels: [{ a2a: { ...a2a, secret: 'env:A2A' } }] }, ['/channels/0/a2a/secret']],
    [{ ...minimal, channels: [{ a2a: { ...a2a, secret: 'short' } }] }, ['/channels/0/a2a/secret']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, secret: 'env:VA' } }] }, ['/channels/0/webhook/secret']],
    [{ ...minimal, channels: [{ webhook: { ...webhook, secret: 'whsec_c2hvcnQ=' } }] }, ['/channels/0/webhook/secret']],
  ])('points at the wrong member: %#', (value, pointers) => {
    expect(pointersOf(value)).toEqual(pointers)
  })

  it('never repeats a secret in a problem', () => {
    const hidden = 'hunter2'
    const channels = [{ webhook: { ...webhook, secret: hidden } }, { sftp: { ...sftp, key: hidden } }, { a2a: { ...a2a, secret: hidden } }]
    const parsed = parsePartner(read({ ...minimal, channels }))
    expect(parsed).toMatchObject({ ok: false, problems: { length: 3 } })
    expect(JSON.stringify(parsed)).not.toContain('hunter2')
  })
})

describe('resolvePartners', () => {
  const usual = { channels: [], deliver: 'all' as const, contact: null, rate: 5, lane: 'latest' as const, networks: [] }
  const partner = (id: string, ...groups: string[]): Partner => ({ id, name: id, groups, ...usual })
  const all = [partner('va-deq', 'state-airboards'), partner('md-mde', 'state-airboards'), partner('epa-open-data')]
  const idsOf = (selection: string[] | null): string[] => resolvePartners(selection, all).partners.map(({ id }) => id)

  it('resolves null to all partners, and an empty selection to none', () => {
    expect(idsOf(null)).toEqual(['epa-open-data', 'md-mde', 'va-deq'])
    expect(idsOf([])).toEqual([])
  })

  it('resolves ids and groups to each partner once, sorted by id', () => {
    expect(idsOf(['va-deq', 'state-airboards'])).toEqual(['md-mde', 'va-deq'])
  })

  it('names the on-call partners that null excludes, and none if the plan selects partners', () => {
    const withDesk = [...all, partner('desk', 'on-call'), partner('chief', 'director', 'state-airboards')]
    expect(resolvePartners(null, withDesk)).toMatchObject({ partners: { length: 3 }, leftOut: ['chief', 'desk'] })
    expect(resolvePartners(['desk'], withDesk)).toMatchObject({ partners: [{ id: 'desk' }], leftOut: [] })
  })

  it('names each unknown name once', () => {
    expect(resolvePartners(['stranger', 'va-deq', 'stranger'], all)).toMatchObject({ unknown: ['stranger'], partners: [{ id: 'va-deq' }] })
  })
})
