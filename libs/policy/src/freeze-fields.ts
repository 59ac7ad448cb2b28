import { MAX_REASON, type Freeze } from '#libs/contracts'
import { isPolicyId } from './document.js'

/** Returns why a freeze has an invalid id, reason, scope or order of times; `undefined` if these are valid. */
export function freezeFieldError({ id, reason, scope, from, until }: Freeze): string | undefined {
  if (!isPolicyId(id)) return 'id must be lower-case words and digits joined by hyphens, 3 to 100 characters'
  if (reason.trim() === '' || reason.length > MAX_REASON) return `reason must have 1 to ${MAX_REASON} characters`
  if (scope !== 'global' && !/^region:[\p{L}\p{N}._-]{1,64}$/u.test(scope)) return 'scope must be global or region:NAME'
  const isBackwards = from !== undefined && until !== undefined && Date.parse(from) >= Date.parse(until)
  return isBackwards ? 'until must be after from' : undefined
}
