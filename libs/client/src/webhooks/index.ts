export { signWebhook, type SignedWebhookHeaders } from './sign-webhook.js'
export * from './webhook-verification-error.js'
export { verifyWebhook, type VerifyWebhookOptions, type WebhookBody, type WebhookRequestHeaders } from './verify-webhook.js'
