import { describe, expect, it } from 'vitest'
import { checkPartnerHost, checkPartnerUrl, type Deployment, type Profile } from './address-guard.js'

const ALL = ['0.0.0.0/0', '::/0']
const LOOPBACK = ['127.0.0.0/8', '::1/128']
/** Deployment that allows its partners all networks: what is still refused is refused for any list. */
const wide = (profile: Profile): Deployment => ({ profile, networks: ALL })
const ok = (url: string, networks: string[] = [], profile: Profile = 'production', widest = ALL): boolean =>
  checkPartnerUrl(url, networks, { profile, networks: widest }).ok

describe('checkPartnerUrl', () => {
  it.each([
    'https://partner.example/hooks/hms',
    'https://partner.example:8443/hooks',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
    'https://[::ffff:8.8.8.8]/',
    'HTTPS://Partner.Example/',
    'https://notlocalhost/',
  ])('allows %s without networks', (url) => {
    expect(ok(url)).toBe(true)
    expect(ok(url, [], 'dev')).toBe(true)
  })

  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://0x7f000001/',
    'https://127.0.0.1./',
    'https://①②⑦.0.0.1/',
    'https://%31%32%37.0.0.1/',
    ' https://127.0.0.1/',
    'https://127.0.\t0.1/',
    'https:127.0.0.1/',
    'https:\\\\127.0.0.1\\',
    'https://0.0.0.0/',
    'https://0/',
    'https://127.255.255.254/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://api.localhost/',
    'https://%6c%6fcalhost/',
    'https://localhost.localdomain/',
    'https://[::1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://[::ffff:0:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[64:ff9b:1::1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:0:1::1]/',
    'https://[2001:db8::1]/',
    'https://[3fff::1]/',
    'https://[5f00::1]/',
    'https://[100::1]/',
    'https://[fc00::1]/',
    'https://[fd12:3456::1]/',
    'https://[fe80::1]/',
    'https://[fec0::1]/',
    'https://[ff02::1]/',
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.0.0.1/',
    'https://192.0.2.1/',
    'https://192.88.99.1/',
    'https://192.168.1.1/',
    'https://0300.0250.1.1/',
    'https://198.18.0.1/',
    'https://198.51.100.1/',
    'https://203.0.113.1/',
    'https://224.0.0.1/',
    'https://240.0.0.1/',
    'https://255.255.255.255/',
    'https://[::ffff:10.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'http://partner.example/',
    'https://partner.example:22/',
    'https://partner.example:80/',
    'http://127.0.0.1:9099/',
    'http://8.8.8.8/',
  ])('refuses %s without networks, whatever the profile', (url) => {
    expect(checkPartnerUrl(url, [], wide('production'))).toMatchObject({ ok: false, detail: expect.any(String) })
    expect(checkPartnerUrl(url, [], wide('dev'))).toMatchObject({ ok: false, detail: expect.any(String) })
  })

  it.each([
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'javascript:alert(1)',
    'data:,x',
    'ws://127.0.0.1/',
    'unix:/run/x',
    'http://user@127.0.0.1/',
    'http://user:secret@127.0.0.1/',
    'http://:secret@127.0.0.1/',
    'https://a%40b@partner.example/',
    '',
    '127.0.0.1',
    '/hooks',
    'https://',
    'http://[fe80::1%25eth0]/',
    'https://1.2.3.4.5/',
    'https://256.1.1.1/',
  ])('refuses %s even with networks and profile dev', (url) => {
    expect(ok(url, ['0.0.0.0/0', '::/0'], 'dev')).toBe(false)
  })

  it.each(['http://127.0.0.1:9099/hook', 'http://localhost:9099/', 'https://[::1]:9443/', 'https://localhost/', 'http://0x7f.1:80/'])(
    'allows %s inside networks with profile dev only',
    (url) => {
      expect(ok(url, LOOPBACK, 'dev')).toBe(true)
      expect(ok(url, LOOPBACK, 'production')).toBe(false)
      expect(ok(url, ['10.0.0.0/8'], 'dev')).toBe(false)
    },
  )

  it('allows a listed private address in production, on https and the usual ports', () => {
    expect(ok('https://10.20.1.1/', ['10.20.0.0/16'])).toBe(true)
    expect(ok('https://10.20.1.1:8443/', ['10.20.0.0/16'])).toBe(true)
    expect(ok('https://[fd00::1]/', ['fd00::/8'])).toBe(true)
    expect(ok('https://10.21.1.1/', ['10.20.0.0/16'])).toBe(false)
    expect(ok('https://10.20.1.1:9000/', ['10.20.0.0/16'])).toBe(false)
    expect(ok('http://10.20.1.1/', ['10.20.0.0/16'])).toBe(false)
  })

  it('refuses loopback in production, even inside a network that contains every address', () => {
    for (const host of ['127.0.0.1', '0.0.0.0', 'localhost', '[::1]', '[::]', '[::ffff:127.0.0.1]']) {
      expect(ok(`https://${host}/`, ['0.0.0.0/0', '::/0'])).toBe(false)
    }
  })

  it('leaves a name on plain http or another port to the lookup, which must resolve it inside networks', () => {
    expect(checkPartnerUrl('http://hooks.test:9000/', ['10.0.0.0/8'], wide('dev'))).toMatchObject({ ok: true, onlyNetworks: true })
    expect(checkPartnerUrl('https://hooks.test/', ['10.0.0.0/8'], wide('dev'))).toMatchObject({ ok: true, onlyNetworks: false })
  })

  it.each([
    'https://169.254.169.254/latest/meta-data',
    'https://169.254.170.2/',
    'https://2852039166/',
    'https://0xa9fea9fe/',
    'https://0251.0376.0251.0376/',
    'https://168.63.129.16/',
    'https://100.100.100.200/',
    'https://192.0.0.192/',
    'https://[fd00:ec2::254]/',
    'https://[fd00:ec2::23]/',
    'https://[fd20:ce::254]/',
    'https://[fd00:42::42]/',
    'https://[fd00:a9fe:a9fe::1]/',
    'https://[fe80::a9fe:a9fe]/',
    'https://[fec0::1]/',
    'https://224.0.0.251/',
    'https://239.255.255.250/',
    'https://[ff02::1]/',
    'https://[ff05::2]/',
    'https://0.0.0.0/',
    'https://0.1.2.3/',
    'https://[::]/',
    'https://255.255.255.255/',
    'https://240.0.0.1/',
    'https://[::ffff:169.254.169.254]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::a9fe:a9fe]/',
    'https://[::ffff:0:a9fe:a9fe]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[64:ff9b:1::a9fe:a9fe]/',
    'https://[64:ff9b:1:a9fe:a9:fe00::]/',
    'https://[64:ff9b:1:a9:fe:a9fe::]/',
    'https://[64:ff9b:1:0:a9:fea9:fe00:0]/',
    'https://[2002:a9fe:a9fe::1]/',
    'https://[2001:0:a9fe:a9fe::5601:5601]/',
    'https://[2001:0:808:808::5601:5601]/',
    'https://[fd12::5efe:a9fe:a9fe]/',
    'https://[2606:4700::200:5efe:169.254.169.254]/',
    'https://[::ffff:224.0.0.1]/',
    'https://[2002:ffff:ffff::]/',
    'https://[64:ff9b::]/',
  ])('refuses %s, whatever partner and deployment list', (url) => {
    for (const profile of ['dev', 'production'] as const) expect(ok(url, ALL, profile)).toBe(false)
    expect(ok(url, ['169.254.0.0/16', 'fe80::/10', 'fd00::/8', '2000::/3', '64:ff9b::/32'])).toBe(false)
  })

  it('checks an IPv4 address embedded in an IPv6 address by the same lists', () => {
    expect(ok('https://[64:ff9b::808:808]/', ['64:ff9b::/96'])).toBe(true)
    expect(ok('https://[64:ff9b::a14:101]/', ['64:ff9b::/96'])).toBe(false)
    expect(ok('https://[64:ff9b::a14:101]/', ['64:ff9b::/96', '10.20.0.0/16'])).toBe(true)
    expect(ok('https://[64:ff9b::7f00:1]/', ALL)).toBe(false)
    expect(ok('https://[2002:7f00:1::]/', ALL)).toBe(false)
  })

  it('allows only what the deployment allows', () => {
    for (const url of ['https://10.20.1.1/', 'https://[fd12::1]/', 'https://[::ffff:10.20.1.1]/']) {
      expect(ok(url, ALL, 'production', [])).toBe(false)
      expect(ok(url, ALL, 'production', ['10.20.0.0/16', 'fd12::/16'])).toBe(true)
      expect(ok(url, ALL, 'dev', LOOPBACK)).toBe(false)
    }
    expect(ok('http://127.0.0.1:9099/', ALL, 'dev', LOOPBACK)).toBe(true)
    expect(ok('http://8.8.8.8:9099/', ALL, 'dev', LOOPBACK)).toBe(false)
    const check = checkPartnerUrl('https://10.21.1.1/', ['10.0.0.0/8'], { profile: 'production', networks: ['10.20.0.0/16'] })
    expect(check.ok ? '' : check.detail).toContain('HMS_NOTIFIER_NETWORKS')
  })

  it('ignores an entry that is not a CIDR', () => {
    expect(ok('https://10.0.0.1/', ['10.0.0.1', '10.0.0.0/33', 'x/8', ''])).toBe(false)
  })

  it('names what to use instead', () => {
    const check = checkPartnerUrl('http://partner.example/', [], wide('production'))
    expect(check.ok ? '' : check.detail).toBe('plain http is not allowed; use https on port 443 or 8443')
  })
})

describe('the host of an SFTP server', () => {
  const ofHost = (host: string, port: number, networks: string[] = [], profile: Profile = 'production') =>
    checkPartnerHost(host, port, networks, { profile, networks: ['10.0.0.0/8', '127.0.0.0/8'] })

  it('is a public name or address, on 22 or 2222', () => {
    expect(ofHost('SFTP.partner.example', 22)).toEqual({ ok: true, host: 'sftp.partner.example', onlyNetworks: false })
    expect(ofHost('8.8.8.8', 2222)).toMatchObject({ ok: true })
    expect(ofHost('2606:4700::1111', 22)).toMatchObject({ ok: true, host: '2606:4700::1111' })
    expect(ofHost('sftp.partner.example', 2022)).toMatchObject({ ok: false, detail: expect.stringContaining('port 2022') })
  })

  it.each(['127.0.0.1', '0x7f.1', '2130706433', '10.1.2.3', '169.254.169.254', '::ffff:10.1.2.3', 'localhost'])('cannot be %s', (host) => {
    expect(ofHost(host, 22)).toMatchObject({ ok: false })
  })

  it.each(['', 'a b', 'user@host.example', 'host.example/path', 'host.example:22', '[::1', 'host.example?x', 'host.example#x'])(
    'cannot be the text %s',
    (host) => {
      expect(ofHost(host, 22)).toMatchObject({ ok: false })
    },
  )

  it('may be private inside the networks, and on other ports with profile dev', () => {
    expect(ofHost('10.1.2.3', 22, ['10.1.0.0/16'])).toMatchObject({ ok: true })
    expect(ofHost('10.1.2.3', 2022, ['10.1.0.0/16'])).toMatchObject({ ok: false })
    expect(ofHost('0x7f.1', 40_022, ['127.0.0.1/32'], 'dev')).toEqual({ ok: true, host: '127.0.0.1', onlyNetworks: true })
    expect(ofHost('8.8.8.8', 40_022, ['127.0.0.1/32'], 'dev')).toMatchObject({ ok: false })
  })
})
