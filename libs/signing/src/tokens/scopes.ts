import { action, HmsError } from '#libs/contracts'

/** Access that a request needs: `values` are the policies in force, `read` is all readable data. */
export type Need = 'operate' | 'read' | 'values' | { bot: string }

/**
 * Scopes of a key. `operate`: every write that needs no person, and every read; `read`: every read; `bot:<id>`: act as that bot (its
 * stream, its alerts) and read the policies in force; `partner:<id>`: read the policies in force. None of them signs anything.
 */
const SCOPE = /^(operate|read|(bot|partner):[A-Za-z0-9][A-Za-z0-9._-]{0,199})$/

export const MAX_SCOPES = 16

export function isScope(text: unknown): text is string {
  return typeof text === 'string' && SCOPE.test(text)
}

/** Throws 403 `HMS_AUTH_SCOPE` if no scope of a key covers the needed access. */
export function requireScope(scopes: readonly string[], need: Need): void {
  if (scopes.some((scope) => covers(scope, need))) return
  const wanted = typeof need === 'object' ? `bot:${need.bot}` : need === 'operate' ? 'operate' : 'read'
  throw new HmsError('HMS_AUTH_SCOPE', `This key may ${scopes.join(', ')}; ${wanted} is needed here.`, {
    status: 403,
    next: isScope(wanted) ? [action('tokens.create', { scope: wanted })] : [],
  })
}

function covers(scope: string, need: Need): boolean {
  if (scope === 'operate') return true
  if (typeof need === 'object') return scope === `bot:${need.bot}`
  if (need === 'operate') return false
  return scope === 'read' || (need === 'values' && /^(bot|partner):/.test(scope))
}
