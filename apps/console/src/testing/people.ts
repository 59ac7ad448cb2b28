import type { Envelope } from '#libs/contracts'
import { demoRoster, generateKeyPair, localSigner, signRoster } from '#libs/signing'

/** A demo roster of these people, signed by all of them. */
export function rosterOf(names: readonly string[]): Promise<Envelope> {
  const people = names.map((name) => ({ name, pair: generateKeyPair() }))
  return signRoster(
    demoRoster({
      people: people.map(({ name, pair }) => ({ name, spki: pair.spki })),
      services: [],
      operator: { spki: generateKeyPair().spki },
      expires: '2036-01-01T00:00:00Z',
    }),
    people.map(({ pair }) => localSigner(pair.privateKey)),
  )
}
