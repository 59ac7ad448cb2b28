export { lintPolicy, type LintContext } from './lint-policy.js'
export * from './schema/compile.js'
