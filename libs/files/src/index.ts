export { acquireFolder, EmbeddedError } from './folder-lock/folder-lock.js'
export * from './read-file.js'
export * from './replace-file.js'
