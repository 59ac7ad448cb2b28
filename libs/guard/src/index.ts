export { guard } from './guard.js'
export * from './judge-releases.js'
export * from './lint-guard.js'
export type { GuardPrincipal, GuardVerdict } from './rule.js'
