export * from './evaluate.js'
export * from './whole-bundles.js'
