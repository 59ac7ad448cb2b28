import { lookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { ADDRESS_REFUSED, addressRefusal, type Deployment, loopbackAnswers, rulesOf } from './address-guard.js'

/** Resolves all addresses of a name, in the resolver's order. */
export type Resolve = (host: string, done: (error: Error | null, answers: LookupAddress[]) => void) => void

export type GuardedLookupOptions = {
  /** True for plain http and other ports: every answer must be inside `networks`. Default false. */
  onlyNetworks?: boolean
  resolve?: Resolve
}

export class AddressRefusedError extends Error {
  readonly code = ADDRESS_REFUSED
}

const systemResolve: Resolve = (host, done) => lookup(host, { all: true }, done)

/**
 * Creates a connector's `lookup`: it resolves once, refuses if *any* answer is forbidden, and connects to exactly these answers, because a
 * resolver might answer 127.0.0.1 to a second query. Node does not call `lookup` for IP literals; `checkPartnerUrl` checks those.
 */
export function guardedLookup(networks: readonly string[], deployment: Deployment, options: GuardedLookupOptions = {}): LookupFunction {
  const rules = rulesOf(networks, deployment, options.onlyNetworks ?? false)
  const resolve: Resolve = (host, done) => {
    const local = loopbackAnswers(host, rules)
    if (local) done(null, local)
    else (options.resolve ?? systemResolve)(host, done)
  }
  return (host, wanted, callback) => {
    resolve(host, (error, answers) => {
      if (error) return callback(error, [])
      const detail = answers.map(({ address }) => addressRefusal(address, rules)).find((refusal) => refusal !== undefined)
      if (detail) return callback(new AddressRefusedError(`${host} resolves to ${detail}`), [])
      const [first] = answers
      if (!first) return callback(new AddressRefusedError(`${host} resolves to no allowed address`), [])
      if (wanted.all) callback(null, answers)
      else callback(null, first.address, first.family)
    })
  }
}
