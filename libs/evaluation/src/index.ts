export * from './change-watch.js'
export * from './evaluate.js'
