export * from './change-watch.js'
export * from './evaluate.js'
export * from './whole-bundles.js'
