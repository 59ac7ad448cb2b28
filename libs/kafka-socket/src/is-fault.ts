/** Whether an error, or one of its causes, has this name or protocol error: kafkajs wraps the broker's errors. */
export function isFault(error: unknown, named: string): boolean {
  for (let fault: unknown = error, depth = 0; typeof fault === 'object' && fault !== null && depth < 10; depth++) {
    const { name, type, cause, errors } = fault as { name?: unknown; type?: unknown; cause?: unknown; errors?: unknown }
    if (name === named || type === named) return true
    fault = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return false
}
