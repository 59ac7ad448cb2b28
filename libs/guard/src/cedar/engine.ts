import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import type * as CedarWasm from '@cedar-policy/cedar-wasm/nodejs'

/** Functions of the engine that the guard uses. */
export type CedarModule = Pick<
  typeof CedarWasm,
  'preparseSchema' | 'preparsePolicySet' | 'statefulIsAuthorized' | 'validate' | 'policyToJson'
>

export const CEDAR_PACKAGE = '@cedar-policy/cedar-wasm'
const MODULE = `${CEDAR_PACKAGE}/nodejs`

/** First version whose V8 can deoptimise an inlined WebAssembly call that returns an object. */
const FIXED_IN_NODE = 24

/**
 * Prevents inlining of WebAssembly calls. V8 of Node 20 and 22 ends the process (`Fatal error: unreachable code`) when it deoptimises
 * JavaScript during an inlined call; seen in two processes that ran thousands of seeds.
 */
function callWithoutInlining(): void {
  if (Number(process.versions.node.split('.')[0]) < FIXED_IN_NODE) setFlagsFromString('--no-turbo-inline-js-wasm-calls')
}

/**
 * Creates a new instance; takes 4 MB and some 10 ms. Uses `require`, because an imported module cannot be instantiated again. After a trap
 * every later call of an instance traps too (seen with brackets nested 500 deep).
 */
export function loadCedar(): CedarModule {
  callWithoutInlining()
  const require = createRequire(import.meta.url)
  delete require.cache[require.resolve(MODULE)]
  return require(MODULE) as CedarModule
}

/** Whether the optional package of the engine is installed. */
export function isCedarInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve(MODULE)
    return true
  } catch {
    return false
  }
}
