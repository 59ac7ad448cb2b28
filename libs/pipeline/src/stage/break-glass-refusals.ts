/** Why rollout refuses break-glass before it issues anything, beside what every stage refuses. */
export const BREAK_GLASS_REFUSALS = ['NOT_APPROVED', 'NOT_BREAK_GLASS', 'GRANT_EXPIRED', 'LIVE_MOVED'] as const
export type BreakGlassRefusal = (typeof BREAK_GLASS_REFUSALS)[number]
