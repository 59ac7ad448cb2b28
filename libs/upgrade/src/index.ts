export { answerUpgrade } from './answer-upgrade.js'
export * from './contained.js'
export * from './intake.js'
export * from './serve-upgrades.js'
