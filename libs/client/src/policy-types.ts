import type { Explanation, HmsConnection } from './connection/hms-connection.js'
import type { PastQuery } from './history/past-query.js'
import type { PolicyPromise } from './policy-promise.js'
import type { PolicyValue } from '#libs/evaluation'

/**
 * The policies that a program knows, by id. Empty here: `hms-svc types` prints a declaration that fills it with what is in force, and with
 * that a wrong id or field no longer compiles.
 */
export interface Policies {}

type Declared = keyof Policies & string
/** Ids that compile: the declared ones, or any where none are declared. */
export type PolicyId = [Declared] extends [never] ? string : Declared

/** Not generic in what it decides by: it is settled once for a whole program. */
export type GetPolicy = [Declared] extends [never]
  ? <T extends object = PolicyValue>(id: string, query?: PastQuery) => PolicyPromise<T>
  : <Id extends Declared>(id: Id, query?: PastQuery) => PolicyPromise<Policies[Id]>

type Get = [Declared] extends [never]
  ? HmsConnection['get']
  : <Id extends Declared, D = Policies[Id]>(id: Id, fallback?: D) => Policies[Id] | D
type Explain = [Declared] extends [never]
  ? HmsConnection['explain']
  : <Id extends Declared, D = Policies[Id]>(id: Id, fallback?: D) => Omit<Explanation, 'value'> & { value: Policies[Id] | D }

/** A connection that knows the declared policies. */
export type TypedConnection = Omit<HmsConnection, 'get' | 'explain'> & {
  /** Synchronous, without I/O. When no version is in force for this reader: `fallback`, else it throws `HMS_POLICY_NOT_FOUND` (404). */
  readonly get: Get
  /** As `get`, with where the value comes from and how old it is. */
  readonly explain: Explain
}
