import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, SERVICES, type AuditEntry, type RosterProposalView, type RosterStep } from '#libs/contracts'
import { statement } from '#libs/client'
import {
  generateKeyPair,
  localSigner,
  nextRoster,
  signRoster,
  type KeyPair,
  type Roster,
  type RosterPredicate,
  type Signer,
} from '#libs/signing'
import { LooseApi } from '../support/loose-api.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const OBSERVED = { observeMs: 10 * 60_000, bakeMs: 0 }
const AT_ONCE = { observeMs: 0, bakeMs: 0 }

/** Those who keep the roster of a memory system. */
class RosterOffice {
  readonly inspector: KeyPair = generateKeyPair()

  constructor(
    private readonly system: MemorySystem,
    private readonly press: PipelineDriver,
  ) {}

  get current() {
    return this.system.host.runtimes.get('approver')!.roster
  }

  signer(name: string): Signer {
    return name === 'Inspector' ? localSigner(this.inspector.privateKey) : this.system.signers.get(name)!
  }

  successor(edit: (next: RosterPredicate) => void = () => undefined): RosterPredicate {
    const next = structuredClone(peekPredicate<RosterPredicate>(this.current.envelope))
    next.version++
    next.installation = this.current.installation
    edit(next)
    return next
  }

  async propose(predicate: RosterPredicate, signedBy: readonly string[] = []): Promise<RosterProposalView> {
    const envelope = await signRoster(
      predicate,
      signedBy.map((name) => this.signer(name)),
    )
    return this.press.api.post<RosterProposalView>('/v1/roster/proposals', { envelope })
  }

  async sign({ digest, envelope }: RosterProposalView, name: string): Promise<RosterProposalView> {
    const signed = await signRoster(peekPredicate<RosterPredicate>(envelope), [this.signer(name)])
    return this.press.api.post<RosterProposalView>(`/v1/roster/proposals/${digest}/signatures`, signed.signatures[0]!)
  }

  /** Proposed, and signed by two of the old roster. */
  async rotate(edit?: (next: RosterPredicate) => void, second = 'EPA Counsel'): Promise<void> {
    const proposal = await this.propose(this.successor(edit))
    await this.sign(proposal, 'EPA Chief')
    expect((await this.sign(proposal, second)).state).toBe('CURRENT')
  }

  /** Which roster each service goes by. */
  versions(): number[] {
    return SERVICES.map((name) => this.system.host.runtimes.get(name)!.roster.version)
  }
}

describe('a roster that is rotated while the pipeline runs', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let office: RosterOffice

  beforeAll(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    office = new RosterOffice(system, press)
  })

  afterAll(() => system.stop())

  it('goes from 1 to 4 in every service during a run that succeeds, without a restart', async () => {
    const run = await press.approve(['lead-limit@1.0.0=15'], OBSERVED)
    await system.settle()
    await office.rotate()
    await office.rotate(({ principals, roles }) => {
      const { keyid, spki } = office.inspector
      principals['inspector'] = { name: 'Inspector', kind: 'person', keys: [{ keyid, spki }] }
      roles.find(({ name }) => name === 'official')!.principals.push('inspector')
    })
    await office.rotate(({ principals, roles }) => {
      delete principals['air-office']
      for (const role of roles) role.principals = role.principals.filter((id) => id !== 'air-office')
    })
    await system.settle()
    expect(office.versions()).toEqual(SERVICES.map(() => 4))
    expect(await press.show(run)).not.toMatchObject({ state: 'SUCCEEDED' })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 60 * 60_000)
    expect(await press.limit('lead-limit')).toBe(15)
  })

  it('accepts the people it names, and refuses those it no longer names', async () => {
    const gone = press.approve(['zinc-limit@1.0.0=5'], AT_ONCE, { signer: 'Air Office' })
    await expect(gone).rejects.toMatchObject({ code: 'HMS_APPROVER_SIGNER_UNKNOWN', status: 403 })
    const run = await press.approve(['zinc-limit@1.0.0=5'], AT_ONCE, { by: office.signer('Inspector') })
    await press.whenState(run, 'SUCCEEDED')
    expect(await press.limit('zinc-limit')).toBe(5)
  })

  it('serves its chain, which every reader pinned to a part of it can follow', async () => {
    const steps = await press.api.get<RosterStep[]>('/v1/roster', { since: '1' })
    expect(steps.map(({ version }) => version)).toEqual([2, 3, 4])
    const newest = steps.reduce<Roster>((roster, { envelope }) => nextRoster(roster, envelope), system.roster)
    expect(newest.digest).toBe(office.current.digest)
    expect((await press.api.get<RosterStep[]>('/v1/roster')).map(({ version }) => version)).toEqual([1, 2, 3, 4])
    await expect(press.api.get('/v1/roster', { since: 'x' })).rejects.toMatchObject({ code: 'HMS_HTTP_QUERY_INVALID', status: 400 })
  })

  it('is in the trail', async () => {
    const entries = await press.api.get<AuditEntry[]>('/v1/audit/entries')
    expect(entries.filter(({ type }) => type === 'hms.roster.rotated.v1')).toHaveLength(3)
  })

  it.each<[string, string, (next: RosterPredicate) => void, string[]]>([
    ['no installation', 'HMS_ROSTER_INSTALLATION', (next) => void delete next.installation, ['EPA Chief', 'EPA Counsel']],
    [
      'another installation',
      'HMS_ROSTER_INSTALLATION',
      (next) => void (next.installation = `sha256:${'0'.repeat(64)}`),
      ['EPA Chief', 'EPA Counsel'],
    ],
    ['a version skipped', 'HMS_ROSTER_VERSION', (next) => void next.version++, ['EPA Chief', 'EPA Counsel']],
    ['an older version, signed by all', 'HMS_ROSTER_VERSION', (next) => void (next.version = 3), ['EPA Chief', 'EPA Counsel']],
    ['another profile', 'HMS_ROSTER_PROFILE', (next) => void (next.profile = 'production'), ['EPA Chief', 'EPA Counsel']],
    [
      'one key for two people',
      'HMS_ROSTER_INVALID',
      ({ principals }) => void (principals['inspector']!.keys = principals['epa-chief']!.keys),
      [],
    ],
  ])('refuses %s: %s', async (_what, code, edit, signedBy) => {
    await expect(office.propose(office.successor(edit), signedBy)).rejects.toMatchObject({ code, status: 422 })
  })

  it('waits while one old root is all that signed, however many new ones did', async () => {
    const next = office.successor(({ principals }) => {
      const { keyid, spki } = generateKeyPair()
      principals['state-liaison']!.keys = [{ keyid, spki }]
    })
    const proposal = await office.propose(next, ['EPA Chief'])
    expect(proposal).toMatchObject({
      state: 'WAITING',
      progress: [
        { version: 4, signedBy: ['EPA Chief'], threshold: 2 },
        { version: 5, threshold: 2 },
      ],
    })
    // The old key of the liaison counts for version 4, not for version 5.
    expect(await office.sign(proposal, 'State Liaison')).toMatchObject({
      state: 'WAITING',
      progress: [{ signedBy: ['EPA Chief', 'State Liaison'] }, { signedBy: ['EPA Chief'] }],
    })
    expect(await press.api.get<RosterProposalView[]>('/v1/roster/proposals')).toHaveLength(1)
    expect(office.current.version).toBe(4)
    await expect(office.sign(proposal, 'Air Office')).rejects.toMatchObject({ code: 'HMS_ROSTER_SIGNER_UNKNOWN', status: 403 })
    const forged = { keyid: office.signer('EPA Counsel').keyid, sig: proposal.envelope.signatures[0]!.sig }
    await expect(press.api.post(`/v1/roster/proposals/${proposal.digest}/signatures`, forged)).rejects.toMatchObject({
      code: 'HMS_ROSTER_SIGNATURE_INVALID',
    })
    expect(await office.sign(proposal, 'EPA Counsel')).toMatchObject({ state: 'CURRENT' })
    expect(await office.sign(proposal, 'EPA Counsel')).toMatchObject({ state: 'CURRENT' })
    expect(await press.api.get<RosterProposalView[]>('/v1/roster/proposals')).toEqual([])
  })

  it('refuses a revoked key at once, for approvals and for the next roster', async () => {
    const lost = office.current.principalByName('EPA Counsel')!.keys[0]!.keyid
    await office.rotate((next) => void (next.revoked = [{ keyid: lost, since: '2020-01-01T00:00:00Z', reason: 'lost' }]), 'Inspector')
    const approval = press.approve(['tin-limit@1.0.0=5'], AT_ONCE, { signer: 'EPA Counsel' })
    await expect(approval).rejects.toMatchObject({ code: 'HMS_APPROVER_KEY_ENDED', status: 403 })
    const proposal = await office.propose(office.successor())
    await expect(office.sign(proposal, 'EPA Counsel')).rejects.toMatchObject({ code: 'HMS_ROSTER_SIGNATURE_INVALID', status: 403 })
  })

  it('accepts nothing from a key that has expired, and keeps what it approved before', async () => {
    system.clock.advanceTo(system.clock.now().getTime() + 1_000)
    await office.rotate(
      ({ principals }) => void (principals['inspector']!.keys[0]!.notAfter = system.clock.now().toISOString()),
      'Inspector',
    )
    const approval = press.approve(['tin-limit@1.0.0=5'], AT_ONCE, { by: office.signer('Inspector') })
    await expect(approval).rejects.toMatchObject({ code: 'HMS_APPROVER_KEY_ENDED', status: 403 })
    const proposal = await office.propose(office.successor())
    await expect(office.sign(proposal, 'Inspector')).rejects.toMatchObject({ code: 'HMS_ROSTER_SIGNATURE_INVALID', status: 403 })
    await expect(press.api.post('/v1/partners', {})).rejects.toMatchObject({ code: 'HMS_HTTP_BODY_INVALID' })
    const asInspector = new LooseApi({
      url: system.url,
      authorize: statement(
        async () => ({ signer: office.signer('Inspector'), audience: system.roster.installation }),
        () => system.clock.now(),
      ),
    })
    await expect(asInspector.post('/v1/partners', {})).rejects.toMatchObject({ code: 'HMS_AUTH_INVALID', status: 401 })
    expect(await press.limit('zinc-limit')).toBe(5)
  })
})
