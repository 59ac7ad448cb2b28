import { HmsError } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { describeError, Logger } from '#libs/platform'
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { allPartners, partnerKey, PARTNERS } from '../partners/partner.table.js'
import { SecretBox } from './secret-box.js'
import { resealPartner } from './sealed-channels.js'

/** Re-encrypts all stored secrets with the newest key at the start, so a wrong key fails the start, not a later message. */
@Injectable()
export class ResealSecrets implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly log: Logger,
    private readonly box: SecretBox,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.box.load()
    try {
      await this.resealAll()
    } catch (error) {
      if (error instanceof HmsError) throw error
      // Other checks report a database that is unavailable or not migrated; the earlier keys still decrypt their secrets.
      this.log.warn({ error: describeError(error) }, 'secrets were not looked at')
    }
  }

  private async resealAll(): Promise<void> {
    const { database, log } = this
    const partners = await database.transaction(allPartners)
    let resealed = 0
    for (const { id } of partners) if (await this.reseal(id)) resealed++
    if (resealed > 0) log.info({ partners: resealed }, 'secrets were resealed by the newest key')
  }

  private reseal(id: string): Promise<boolean> {
    return this.database.locked([partnerKey(id)], async (tx) => {
      const stored = await tx.documents(PARTNERS).get(id)
      if (stored === undefined) return false
      const resealed = await resealPartner(this.box, stored)
      if (resealed === stored) return false
      await tx.documents(PARTNERS).put(resealed)
      return true
    })
  }
}
