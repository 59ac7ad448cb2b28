import type { ApiClient } from '#libs/client'
import { FileReceiver } from './file-receiver.js'
import { MailReceiver } from './mail-receiver.js'
import type { Receipt } from './receipt.js'
import { WebhookReceiver } from './webhook-receiver.js'

const PARTNERS = [
  { id: 'dc-doee', name: 'DC Department of Energy and Environment', group: 'state-airboards', by: 'sftp' },
  { id: 'md-mde', name: 'Maryland Department of the Environment', group: 'state-airboards', by: 'email' },
  { id: 'nc-deq', name: 'North Carolina Department of Environmental Quality', group: 'state-airboards', by: 'webhook' },
  { id: 'va-deq', name: 'Virginia Department of Environmental Quality', group: 'state-airboards', by: 'webhook' },
  { id: 'wv-dep', name: 'West Virginia Department of Environmental Protection', group: 'state-airboards', by: 'email' },
  { id: 'open-air-data', name: 'EPA Open Data', group: 'epa-open-data', by: 'sftp' },
] as const

/** Six partners with servers of their own on this machine: two take webhooks, two mails, two files over SFTP. */
export class PartnerServers {
  readonly count = PARTNERS.length
  /** Messages that the servers received and checked, in the order of arrival. */
  readonly receipts: Receipt[] = []
  private readonly keep = (receipt: Receipt): void => void this.receipts.push(receipt)
  private readonly webhook = new WebhookReceiver(this.keep)
  private readonly email = new MailReceiver(this.keep)
  private readonly sftp = new FileReceiver(this.keep)

  async start(): Promise<this> {
    await Promise.all([this.webhook.start(), this.email.start(), this.sftp.start()])
    return this
  }

  /** Environment variables with which the system must be started to reach the servers. */
  get environment(): Record<string, string> {
    return this.email.environment
  }

  async register(api: ApiClient): Promise<void> {
    for (const { id, name, group, by } of PARTNERS) {
      const channel = this[by].channelOf(id)
      await api.post('/v1/partners', { id, name, groups: [group], channels: [channel], networks: ['127.0.0.1/32'] })
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.webhook.stop(), this.email.stop(), this.sftp.stop()])
  }
}
