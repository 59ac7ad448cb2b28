import type { Explanation, HmsConnection } from './connection/hms-connection.js'
import type { PolicyPromise } from './policy-promise.js'
import type { PolicyValue } from '#libs/evaluation'
import type { PastQuery } from './history/past-policies.js'

/** Policies known to a program, by id; empty unless `hms-svc types` declares those in force, so that wrong ids or fields do not compile. */
export interface Policies {}

type Declared = keyof Policies & string
/** Policy ids that compile: the declared ids, or any text if none is declared. */
export type PolicyId = [Declared] extends [never] ? string : Declared

/** Type of `getPolicy`. Conditional on `Policies` rather than generic, because the declarations are fixed for a whole program. */
export type GetPolicy = [Declared] extends [never]
  ? <T extends object = PolicyValue>(id: string, query?: PastQuery) => PolicyPromise<T>
  : <Id extends Declared>(id: Id, query?: PastQuery) => PolicyPromise<Policies[Id]>

type Get = [Declared] extends [never]
  ? HmsConnection['get']
  : <Id extends Declared, D = Policies[Id]>(id: Id, fallback?: D) => Policies[Id] | D
type Explain = [Declared] extends [never]
  ? HmsConnection['explain']
  : <Id extends Declared, D = Policies[Id]>(id: Id, fallback?: D) => Omit<Explanation, 'value'> & { value: Policies[Id] | D }

/** Connection typed by the declared policies. */
export type TypedConnection = Omit<HmsConnection, 'get' | 'explain'> & {
  /** Returns a policy without I/O, or `fallback` if none is in force for this reader; without one, throws `HMS_POLICY_NOT_FOUND` (404). */
  readonly get: Get
  /** Same as `get`, with the source and age of the value. */
  readonly explain: Explain
}
