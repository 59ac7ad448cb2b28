import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import type * as CedarWasm from '@cedar-policy/cedar-wasm/nodejs'

/** Used part of the engine. */
export type CedarModule = Pick<
  typeof CedarWasm,
  'preparseSchema' | 'preparsePolicySet' | 'statefulIsAuthorized' | 'validate' | 'policyToJson'
>

export const CEDAR_PACKAGE = '@cedar-policy/cedar-wasm'
const MODULE = `${CEDAR_PACKAGE}/nodejs`

/** First version whose V8 can deoptimise an inlined WebAssembly call that returns an object. */
const MENDED_IN_NODE = 24

/**
 * Prevents inlining of the engine's calls. V8 of Node 20 and 22 ends the process (`Fatal error: unreachable code`) when it drops optimised
 * JavaScript during such a call: seen in two processes that ran thousands of seeds. A call that is not inlined is safe.
 */
function callWithoutInlining(): void {
  if (Number(process.versions.node.split('.')[0]) < MENDED_IN_NODE) setFlagsFromString('--no-turbo-inline-js-wasm-calls')
}

/**
 * Creates a new instance, 4 MB and some 10 ms. Not an import: after a trap every later call of an instance traps too (seen with brackets
 * nested 500 deep), and an imported module cannot be instantiated again.
 */
export function loadCedar(): CedarModule {
  callWithoutInlining()
  const require = createRequire(import.meta.url)
  delete require.cache[require.resolve(MODULE)]
  return require(MODULE) as CedarModule
}

/** Whether the optional package is installed. Without it rules in Cedar cannot be evaluated. */
export function isCedarInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve(MODULE)
    return true
  } catch {
    return false
  }
}
