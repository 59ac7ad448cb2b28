import { peekPredicate, type OutgoingEvent, type RosterProposalView } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import {
  generateKeyPair,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  signRoster,
  vkeyOf,
  type Roster,
  type RosterPredicate,
} from '#libs/signing'
import type { Environment } from '#libs/platform'
import { startMemorySystem, type MemorySystem } from './memory-system.js'
import { PipelineDriver, type ApproveOptions } from './pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

/** Records the types of all events. */
export class RecordingBus extends MemoryBus {
  readonly types: string[] = []

  override async publish(events: readonly OutgoingEvent[]) {
    this.types.push(...events.map(({ type }) => type))
    return super.publish(events)
  }

  count(type: string): number {
    return this.types.filter((each) => each === type).length
  }
}

/** A memory system whose roster names a log and a witness, and whose roster can be replaced by the next. */
export interface RotatingSystem {
  system: MemorySystem
  press: PipelineDriver
  /** The roster in force at approver. */
  roster(): Roster
  /** The next roster, signed by two people whose keys stay. */
  rotate(change: (next: RosterPredicate) => void, acceptUnreadable?: string[]): Promise<RosterProposalView>
  /** Approves `policies` and waits until their run has succeeded. */
  live(policies: string[], options?: ApproveOptions): Promise<number>
  /** A change of a roster: the key of this person counts for nothing since an hour ago. */
  revoke(name: string): (next: RosterPredicate) => void
  /** So many ms from now, RFC 3339. */
  later(ms: number): string
}

export async function startRotatingSystem(
  bus = new MemoryBus(),
  configStoreUrls: string[] = [],
  environment: Environment = {},
): Promise<RotatingSystem> {
  const keys = { 'audit-log': generateKeyPair(), witness: generateKeyPair() }
  const withLog = (roster: RosterPredicate): void => {
    roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(keys['audit-log'].publicKey))
    roster.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(keys.witness.publicKey))]
    roster.quorum = 1
  }
  const signerNamed = async (name: string) => localSigner(keys[name as keyof typeof keys].privateKey)
  const system = await startMemorySystem(environment, bus, withLog, signerNamed, configStoreUrls)
  const press = new PipelineDriver(system)
  const roster = (): Roster => system.host.runtimes.get('approver')!.roster
  const later = (ms: number): string => new Date(system.clock.now().getTime() + ms).toISOString()
  return {
    system,
    press,
    roster,
    later,
    rotate: async (change, acceptUnreadable) => {
      const next = structuredClone(peekPredicate<RosterPredicate>(roster().envelope))
      Object.assign(next, { version: next.version + 1, installation: system.roster.installation })
      change(next)
      const signers = ['EPA Counsel', 'Air Office'].map((name) => system.signers.get(name)!)
      const proposal = { envelope: await signRoster(next, signers), ...(acceptUnreadable && { acceptUnreadable }) }
      const view = await press.api.post<RosterProposalView>('/v1/roster/proposals', proposal)
      await system.settle()
      return view
    },
    live: async (policies, options = {}) => {
      const run = await press.approve(policies, AT_ONCE, options)
      await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 300_000)
      return run
    },
    revoke: (name) => (next) => {
      const { keyid } = roster().principalByName(name)!.keys[0]!
      next.revoked = [{ keyid, since: later(-3_600_000), reason: 'stolen' }]
    },
  }
}
