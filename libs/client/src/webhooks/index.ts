export {
  signWebhook,
  verifyWebhook,
  type SignedWebhookHeaders,
  type VerifyWebhookOptions,
  type WebhookBody,
  type WebhookRequestHeaders,
  WebhookVerificationError,
  type WebhookErrorCode,
} from './verify-webhook.js'
