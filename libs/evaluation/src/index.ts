export * from './evaluate.js'
