export { compilePattern, PatternRefused, type Pattern, type Steps } from './compile-pattern.js'
