export * from './host.config.js'
export * from './identity-files.js'
