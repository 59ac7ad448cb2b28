export * from './memory-bus.js'
export * from './memory-outbox-store.js'
export * from './memory-position-store.js'
