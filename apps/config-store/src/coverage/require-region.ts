import { HmsError } from '#libs/contracts'

/**
 * A bot is where its key or its open stream says; what it claims counts only while neither says anything. Otherwise one bot could stand in
 * every region, and end every canary there. Throws 403 `HMS_BOT_REGION`.
 */
export function requireRegion(known: string | undefined, claimed: string): void {
  if (known === undefined || claimed === '' || claimed === known) return
  throw new HmsError(
    'HMS_BOT_REGION',
    `This bot is known to be of region ${known}, and claims ${claimed}. Leave the region out, or connect with the right one.`,
    {
      status: 403,
      next: ['hms-svc tokens list'],
    },
  )
}
