export * from './webhook-verification-error.js'
export {
  signWebhook,
  verifyWebhook,
  type SignedWebhookHeaders,
  type VerifyWebhookOptions,
  type WebhookBody,
  type WebhookRequestHeaders,
} from './verify-webhook.js'
