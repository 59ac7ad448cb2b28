import { afterEach, describe, expect, it } from 'vitest'
import { HmsError, isTerminal, peekPredicate, type ConfigDocument, type StreamFrame } from '#libs/contracts'
import { SignatureError, verifyHead, type RosterPredicate } from '#libs/signing'
import { withEarlierRoles } from '../../apps/cli/src/roster/earlier-roles.js'
import { Random } from '../simulation/random.js'
import { deep } from '../support/deep.config.js'
import { startRotatingSystem, type RotatingSystem } from '../support/rotating-system.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const POLICIES = ['pm10', 'pm25', 'so2']
const SIGNERS = ['EPA Chief', 'EPA Counsel', 'Air Office', 'State Liaison']
const SEEDS = deep ? 100 : 5
const STEPS = 10

/** People at work while rosters change; each step is an approval, a rollback or a roster. */
class Office {
  private readonly rotating: RotatingSystem
  private readonly random: Random
  private readonly live = new Map<string, string[]>()
  /** Release that people made unreadable on purpose, by policy. */
  private readonly dropped = new Map<string, string | null>()
  private version = 0
  readonly history: string[] = []

  constructor(rotating: RotatingSystem, random: Random) {
    this.rotating = rotating
    this.random = random
  }

  async step(): Promise<void> {
    const act = this.random.pick([
      'approve',
      'approve',
      'approve',
      'roll back',
      'roll back',
      'stricter',
      'looser',
      'revoke',
      'forget',
    ] as const)
    try {
      if (act === 'approve') await this.approve()
      else if (act === 'roll back') await this.rollBack()
      else await this.rotate(act)
      this.history.push(`${act}: done`)
    } catch (error) {
      if (!(error instanceof HmsError)) throw error
      this.history.push(`${act}: ${error.code}`)
    }
    await this.rotating.system.settle()
  }

  /** What a new reader, which has the newest roster alone, refuses of what the store serves, but for what was dropped on purpose. */
  async unreadable(): Promise<string[]> {
    const roster = this.rotating.roster()
    return (await this.documents()).flatMap((document) => {
      const { id, version, digest } = document
      if (this.dropped.get(id) === digest) return []
      try {
        verifyHead(document, roster)
        return []
      } catch (error) {
        if (!(error instanceof SignatureError)) throw error
        return [`${id}@${version} is in force, and readers with roster ${roster.version} refuse it: ${error.detail}`]
      }
    })
  }

  private async documents(): Promise<ConfigDocument[]> {
    const { documents } = await this.rotating.press.api.get<StreamFrame>('/v1/snapshot')
    return documents.filter(({ scope }) => scope === 'global')
  }

  /** As many people as the roster asks for, one after the other. */
  private async approve(): Promise<void> {
    const { press, system } = this.rotating
    const id = this.random.pick(POLICIES)
    const version = `1.${++this.version}.0`
    const signers = this.random.pick([SIGNERS, SIGNERS.toReversed()])
    let run: number | undefined
    for (const signer of signers) {
      run = await press.approve([`${id}@${version}=${this.version}`], run === undefined ? AT_ONCE : {}, { signer })
      if ((await press.show(run)).state !== 'AWAITING_APPROVAL') break
    }
    await system.runUntil(
      async () => ['AWAITING_APPROVAL'].includes((await press.show(run!)).state) || isTerminal((await press.show(run!)).state),
      300_000,
    )
    if ((await press.show(run!)).state === 'SUCCEEDED') this.live.set(id, [...(this.live.get(id) ?? []), version])
  }

  private async rollBack(): Promise<void> {
    const id = this.random.pick(POLICIES)
    const versions = this.live.get(id) ?? []
    if (versions.length === 0) return
    await this.rotating.press.api.post('/v1/rollbacks', { policy: id, version: this.random.pick(versions) })
  }

  private async rotate(how: 'stricter' | 'looser' | 'revoke' | 'forget'): Promise<void> {
    const prefix = this.random.pick(['p', 'pm', 'pm25', 'so2'])
    const before = peekPredicate<RosterPredicate>(this.rotating.roster().envelope)
    const now = this.rotating.system.clock.now()
    const documents = await this.documents()
    const accepted = how === 'revoke' ? POLICIES : []
    await this.rotating.rotate((next) => {
      if (how === 'stricter')
        next.roles.push({
          name: `two-${next.version}`,
          principals: ['epa-chief', 'epa-counsel', 'air-office'],
          threshold: 2,
          match: { idPrefix: prefix },
        })
      if (how === 'looser') next.roles = next.roles.filter(({ name }) => !name.startsWith('two-'))
      if (how === 'revoke') this.rotating.revoke('EPA Chief')(next)
      if (how === 'forget') delete next.earlierRoles
      else Object.assign(next, withEarlierRoles(next, before, now))
    }, accepted)
    // A witness counts whole seconds, and the earlier roles end with the next one.
    await this.rotating.press.passes(2_000)
    for (const document of documents) {
      if (!accepted.includes(document.id)) continue
      try {
        verifyHead(document, this.rotating.roster())
      } catch {
        this.dropped.set(document.id, document.digest)
      }
    }
  }
}

describe('while rosters change', () => {
  let rotating: RotatingSystem
  afterEach(() => rotating.system.stop())

  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    'readers with the newest roster take all that is served, but for what was dropped on purpose (seed %d)',
    async (seed) => {
      rotating = await startRotatingSystem()
      const office = new Office(rotating, new Random(seed))
      for (let step = 0; step < STEPS; step++) {
        await office.step()
        expect(await office.unreadable(), office.history.join('\n')).toEqual([])
      }
    },
    120_000,
  )
})
