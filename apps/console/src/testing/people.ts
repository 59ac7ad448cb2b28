import type { Envelope } from '#libs/contracts'
import { demoRoster, generateKeyPair, localSigner, signRoster } from '#libs/signing'

/** A demo roster of these people, signed by all of them. `services`: public keys by name, SPKI in base64. */
export function rosterOf(names: readonly string[], services: Record<string, string> = {}): Promise<Envelope> {
  const people = names.map((name) => ({ name, pair: generateKeyPair() }))
  return signRoster(
    demoRoster({
      people: people.map(({ name, pair }) => ({ name, spki: pair.spki })),
      services: Object.entries(services).map(([name, spki]) => ({ name, spki })),
      operator: { spki: generateKeyPair().spki },
      expires: '2036-01-01T00:00:00Z',
    }),
    people.map(({ pair }) => localSigner(pair.privateKey)),
  )
}
