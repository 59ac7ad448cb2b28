export * from './http-limits.config.js'
export * from './host.config.js'
export * from './identity-files.js'
export { loadProgram } from './load-program.js'
