import { keyIdOf, rawFromSpki } from '../keys.js'
import { NOTE_COSIGNATURE, NOTE_ED25519, vkeyOf } from '../tlog/note.js'
import type { PrincipalKind, Role, RosterPredicate } from './roster-predicate.js'

export const DEMO_PEOPLE: readonly string[] = ['EPA Chief', 'EPA Counsel', 'Air Office', 'State Liaison']

/** Names of the demo log and of its witness in checkpoints. */
const DEMO_LOG = 'hms-svc.dev/audit'
const DEMO_WITNESS = 'hms-svc.dev/witness'

/** A name and its public key (SPKI, DER in base64). */
export type DemoMember = { name: string; spki: string }

export type DemoRosterInput = {
  people: readonly DemoMember[]
  /** Services by name, which is also the principal's id. */
  services: readonly DemoMember[]
  operator: { spki: string }
  /** Keys of the transparency log and of its witness (SPKI). */
  log?: { spki: string; witness: string }
  expires: string
}

/** Returns the roster of profile `dev`: one official approves, two for a policy tagged `critical`; each service has one key. */
export function demoRoster({ people, services, operator, log, expires }: DemoRosterInput): RosterPredicate {
  const officials = people.map(({ name }) => idOf(name))
  const roles: Role[] = [
    { name: 'official', principals: officials, threshold: 1, match: { all: true } },
    { name: 'critical', principals: officials, threshold: 2, match: { tag: 'critical' } },
    ...services.map(({ name }) => ({ name: `service:${name}`, principals: [name], threshold: 1, match: { service: name } })),
  ]
  const principals = [
    ...people.map((person) => principal(idOf(person.name), person.name, 'person', person.spki)),
    ...services.map(({ name, spki }) => principal(name, name, 'service', spki)),
    principal('operator', 'operator', 'operator', operator.spki),
  ]
  const ids = new Set(principals.map(([id]) => id))
  if (ids.size < principals.length) throw new TypeError('two members of the demo roster share one id')
  return {
    version: 1,
    profile: 'demo',
    expires,
    principals: Object.fromEntries(principals),
    roles,
    ...(log === undefined ? {} : logMembers(log)),
  }
}

function logMembers({ spki, witness }: { spki: string; witness: string }): Pick<RosterPredicate, 'log' | 'witnesses' | 'quorum'> {
  const witnesses = [vkeyOf(DEMO_WITNESS, NOTE_COSIGNATURE, rawFromSpki(witness))]
  return { log: vkeyOf(DEMO_LOG, NOTE_ED25519, rawFromSpki(spki)), witnesses, quorum: 1 }
}

function principal(id: string, name: string, kind: PrincipalKind, spki: string): [string, RosterPredicate['principals'][string]] {
  return [id, { name, kind, keys: [{ keyid: keyIdOf(rawFromSpki(spki)), spki }] }]
}

/** Returns the id of a name: `epa-chief` for `EPA Chief`. */
function idOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}
