import { createRequire } from 'node:module'
import type * as CedarWasm from '@cedar-policy/cedar-wasm/nodejs'

/** What is used of the engine. */
export type CedarModule = Pick<
  typeof CedarWasm,
  'preparseSchema' | 'preparsePolicySet' | 'statefulIsAuthorized' | 'validate' | 'policyToJson'
>

export const CEDAR_PACKAGE = '@cedar-policy/cedar-wasm'
const MODULE = `${CEDAR_PACKAGE}/nodejs`

/**
 * A fresh instance, 4 MB and some 10 ms. Not an import: a trap leaves an instance in which every later call traps too (seen with brackets
 * nested 500 deep), and a module that was imported cannot be instantiated again.
 */
export function loadCedar(): CedarModule {
  const require = createRequire(import.meta.url)
  delete require.cache[require.resolve(MODULE)]
  return require(MODULE) as CedarModule
}

/** An optional package: where it is missing nobody can say what a rule in Cedar is worth. */
export function isCedarInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve(MODULE)
    return true
  } catch {
    return false
  }
}
