import type { WebhookKeyView } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Public, Rosters, Paged } from '#libs/service'
import { rawPublicKey } from '#libs/signing'
import { Controller, Get } from '@nestjs/common'
import { sshPublicKey } from '../sftp/ssh-signature.js'
import { webhookPublicKey } from './standard-webhooks.js'

/** Publishes the keys that sign messages, which the roster names too. Public, because partners have no token. */
@Controller('v1/webhook-keys')
@Public()
export class WebhookKeysController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
  ) {}

  /** Lists the valid keys that sign messages: two while notifier's key is replaced. */
  @Get()
  @Paged(({ keyid }: WebhookKeyView) => keyid)
  async list(): Promise<WebhookKeyView[]> {
    const now = (await this.database.transaction(async (tx) => tx.now)).toISOString()
    return [...this.rosters.newest.serviceKeys('notifier', now)].map(([keyid, key]) => {
      const raw = rawPublicKey(key)
      return { keyid, webhook: webhookPublicKey(raw), ssh: sshPublicKey(raw) }
    })
  }
}
