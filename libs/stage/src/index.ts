export type { OwnEffect } from './shell/stage.js'
export * from './shell/stage-shell.js'
export * from './stage-tables.js'
