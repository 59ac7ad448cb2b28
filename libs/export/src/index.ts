export * from './new-records.js'
export * from './records.js'
