export * from './exposure.js'
export * from './folder-lock/embedded-error.js'
export * from './folder-lock/folder-lock.js'
export * from './read-file.js'
