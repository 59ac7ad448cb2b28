/** Reasons for which rollout refuses break-glass before it issues anything, in addition to those of every stage. */
export const BREAK_GLASS_REFUSALS = ['NOT_APPROVED', 'NOT_BREAK_GLASS', 'GRANT_EXPIRED', 'LIVE_MOVED'] as const
export type BreakGlassRefusal = (typeof BREAK_GLASS_REFUSALS)[number]
