import type { WebhookKeyView } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Public, Rosters } from '#libs/service'
import { rawPublicKey } from '#libs/signing'
import { Controller, Get } from '@nestjs/common'
import { sshPublicKey } from '../sftp/ssh-signature.js'
import { webhookPublicKey } from './standard-webhooks.js'

/** Public: partners hold no key of ours. The roster names the same keys, for anyone who would rather trust that. */
@Controller('v1/webhook-keys')
@Public()
export class WebhookKeysController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
  ) {}

  /** Those that count now: while notifier's key is replaced, both. */
  @Get()
  async list(): Promise<WebhookKeyView[]> {
    const now = (await this.database.transaction(async (tx) => tx.now)).toISOString()
    return [...this.rosters.newest.serviceKeys('notifier', now)].map(([keyid, key]) => {
      const raw = rawPublicKey(key)
      return { keyid, webhook: webhookPublicKey(raw), ssh: sshPublicKey(raw) }
    })
  }
}
