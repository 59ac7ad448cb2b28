import { action, HmsError } from '#libs/contracts'

/**
 * Requires the claimed region to be that of the bot's key or open stream. Otherwise one bot could claim every region, and end every canary
 * there. Throws 403 `HMS_BOT_REGION`.
 */
export function requireRegion(known: string | undefined, claimed: string): void {
  if (known === undefined || claimed === '' || claimed === known) return
  throw new HmsError(
    'HMS_BOT_REGION',
    `This bot is known to be of region ${known}, and claims ${claimed}. Leave the region out, or connect with the right one.`,
    { status: 403, next: [action('tokens.list')] },
  )
}
