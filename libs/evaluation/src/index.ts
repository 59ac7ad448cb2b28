export * from './evaluate.js'
export * from './freeze.js'
