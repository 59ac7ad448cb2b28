export * from './webhook-verification-error.js'
export * from './verify-webhook.js'
