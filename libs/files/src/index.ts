export * from './exposure.js'
export * from './read-file.js'
