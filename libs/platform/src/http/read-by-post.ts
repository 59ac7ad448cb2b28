/** POST requests that change nothing: counted, logged and traced as reads, and never stored under an `Idempotency-Key`. */
const READ_BY_POST = /^\/ofrep\//

/** Whether a request may change something here. */
export function isWrite({ method, url }: { method: string; url: string }): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS' && !READ_BY_POST.test(url)
}
