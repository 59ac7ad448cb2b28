export * from './memory-database.js'
export * from './memory-rows.js'
export * from './memory-timer-store.js'
