import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import type * as CedarWasm from '@cedar-policy/cedar-wasm/nodejs'

/** What is used of the engine. */
export type CedarModule = Pick<
  typeof CedarWasm,
  'preparseSchema' | 'preparsePolicySet' | 'statefulIsAuthorized' | 'validate' | 'policyToJson'
>

export const CEDAR_PACKAGE = '@cedar-policy/cedar-wasm'
const MODULE = `${CEDAR_PACKAGE}/nodejs`

/** From this one on V8 can leave an inlined call of WebAssembly that answers with an object. */
const MENDED_IN_NODE = 24

/**
 * V8 of Node 20 and 22 ends the process (`Fatal error: unreachable code`) when it drops optimised JavaScript while such a call is under
 * way, and the engine's calls are such: seen in two processes that played thousands of seeds. A call that is not inlined is safe.
 */
function callWithoutInlining(): void {
  if (Number(process.versions.node.split('.')[0]) < MENDED_IN_NODE) setFlagsFromString('--no-turbo-inline-js-wasm-calls')
}

/**
 * A fresh instance, 4 MB and some 10 ms. Not an import: a trap leaves an instance in which every later call traps too (seen with brackets
 * nested 500 deep), and a module that was imported cannot be instantiated again.
 */
export function loadCedar(): CedarModule {
  callWithoutInlining()
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
