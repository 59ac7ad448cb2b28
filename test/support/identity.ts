import { SERVICES, type ServiceName } from '#libs/contracts'
import {
  DEMO_PEOPLE,
  demoRoster,
  generateKeyPair,
  localSigner,
  readRoster,
  signRoster,
  type Roster,
  type RosterPredicate,
  type Signer,
} from '#libs/signing'

/** A demo roster with fresh keys, and everybody's signer. */
export interface TestIdentity {
  roster: Roster
  /** By display name, `EPA Chief`. */
  people: ReadonlyMap<string, Signer>
  serviceSigner(name: ServiceName): Signer
  operator: Signer
}

/** `change`: what this test's roster says otherwise. */
export async function testIdentity(change: (roster: RosterPredicate) => void = () => {}): Promise<TestIdentity> {
  const names = [...DEMO_PEOPLE, ...SERVICES, 'operator']
  const pairs = new Map(names.map((name) => [name, generateKeyPair()]))
  const member = (name: string) => ({ name, spki: pairs.get(name)!.spki })
  const signer = (name: string) => localSigner(pairs.get(name)!.privateKey)
  const predicate = demoRoster({
    people: DEMO_PEOPLE.map(member),
    services: SERVICES.map(member),
    operator: member('operator'),
    expires: '2036-01-01T00:00:00Z',
  })
  change(predicate)
  const people = new Map(DEMO_PEOPLE.map((name) => [name, signer(name)]))
  const roster = readRoster(await signRoster(predicate, [...people.values()]))
  return { roster, people, serviceSigner: signer, operator: signer('operator') }
}
