export * from './clock.js'
export * from './environment.js'
export * from './failure-streak.js'
export * from './failures.js'
export * from './http/before-router.js'
export * from './http/body-bounds.js'
export * from './http/docs-file.js'
export * from './http/error-pages.js'
export * from './http/etag.js'
export * from './http/foreign-request.js'
export * from './http/fast-path.js'
export * from './http/finish-responses.js'
export { CLIENT_HEADER, clientAddress, clientOf, TrustedProxies } from './http/limits/client-address.js'
export { limitBodies } from './http/limits/bound-bodies.js'
export { BOT_INTAKE, ClientBuckets, FRAME_INTAKE, Intake, READER_INTAKE } from './http/limits/token-bucket.js'
export * from './http/limits/limit-clients.js'
export type { SignedStatement } from './http/limits/statement-limits.js'
export * from './http/listen-error.js'
export * from './http/log-requests.js'
export * from './http/open-api.js'
export * from './http/plain-post.js'
export * from './http/problem.js'
export * from './http/queued-responses.js'
export * from './http/request-head.js'
export * from './http/retry-after.js'
export * from './http/websocket-upgrades/serve-upgrades.js'
export * from './http/websocket-upgrades/unfinished-message.js'
export * from './logger.js'
export * from './metrics.js'
export * from './slots.js'
export * from './periodic-task.js'
export * from './shrink-heap.js'
export * from './read-shape.js'
export * from './shared-result.js'
export * from './signals.js'
export {
  childTraceparent,
  currentTraceparent,
  inTrace,
  exportWait,
  messageSpan,
  traceparentOrRoot,
  rememberTraceState,
  traceOfRequest,
  traceStateHeader,
  validTraceparent,
  registerSpanExporter,
  type Span,
} from './trace.js'
export { startTracing } from './tracing/otlp-exporter.js'
export * from './uuid.js'
export * from './version.js'
