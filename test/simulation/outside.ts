import type { IssuedHeads, ServiceName } from '#libs/contracts'
import { Authorizer, type DirectDelivery, DirectHeadDelivery } from '#libs/service'
import type { InjectionToken } from '@nestjs/common'
import { StreamEndpoint } from '../../apps/config-store/src/delivery/stream-endpoint.js'
import { EvaluateHandler } from '../../apps/config-store/src/ofrep/evaluate-handler.js'
import { StoreHeads } from '../../apps/config-store/src/intake/store-heads.js'
import { CHANNEL_SENDERS, type Attempt, type ChannelSenders, type Outcome } from '../../apps/notifier/src/channels/channel-sender.js'
import { SecretBox } from '../../apps/notifier/src/secrets/secret-box.js'
import { secretKey } from '../../apps/notifier/src/secrets/secret-keys.js'
import type { Incarnation } from './incarnation.js'
import type { ServiceNode } from './service-node.js'
import type { Random } from './random.js'

/** What lies beyond the processes: partners who are called, and the direct way of heads to config-store. */
export class Outside {
  /** `webhook-id` of every message that a partner answered with 2xx, in the order of their coming. */
  readonly received: { id: string; body: string }[] = []
  /** Outlives the process, as a file of keys does. */
  private readonly box = new SecretBox(async () => [secretKey(Buffer.alloc(32, 7))])

  constructor(
    private readonly random: Random,
    private readonly configStore: () => ServiceNode,
    /** Probability that a call, or its answer, comes to nothing. */
    public loss: number,
  ) {}

  insteadOf(service: ServiceName, incarnation: Incarnation): ReadonlyMap<InjectionToken, unknown> {
    if (service === 'config-store')
      return new Map<InjectionToken, unknown>([
        [StreamEndpoint, undefined],
        [EvaluateHandler, undefined],
        [Authorizer, {}],
      ])
    if (service === 'notifier')
      return new Map<InjectionToken, unknown>([
        [CHANNEL_SENDERS, this.partners(incarnation)],
        [SecretBox, this.box],
      ])
    if (service === 'canary-controller' || service === 'rollout') return new Map([[DirectHeadDelivery, this.carrier(incarnation)]])
    return new Map()
  }

  private partners(incarnation: Incarnation): ChannelSenders {
    const webhook = {
      send: async ({ id, body }: Attempt): Promise<Outcome> => {
        await incarnation.passage(this.random.between(1, 400))
        if (this.random.chance(this.loss)) return { kind: 'retry', latencyMs: 1, detail: 'refused' }
        this.received.push({ id, body: body.toString() })
        await incarnation.passage(1)
        if (this.random.chance(this.loss)) return { kind: 'retry', latencyMs: 1, detail: 'the answer was lost' }
        return { kind: 'delivered', status: 204, latencyMs: 1 }
      },
      close: async () => {},
    }
    return { webhook }
  }

  /** One try to the first process of config-store that runs; the bus is the second way, and must do by itself. */
  private carrier(incarnation: Incarnation): Pick<DirectHeadDelivery, 'deliver' | 'deliverSoon'> {
    const post = async (issued: IssuedHeads): Promise<DirectDelivery[]> => {
      const url = 'config-store'
      await incarnation.passage(this.random.between(0, 20))
      const store = this.configStore().lives.find((life) => !life.incarnation.paused)
      if (store === undefined || this.random.chance(this.loss)) return [{ url, ok: false, revision: 0 }]
      const receipt = await Promise.race([
        store.injector
          .get(StoreHeads)
          .execute(issued)
          .catch(() => undefined),
        incarnation.passage(2_000).then(() => undefined),
      ])
      await incarnation.gate()
      return [{ url, ok: receipt !== undefined, revision: receipt?.revision ?? 0 }]
    }
    return { deliver: post, deliverSoon: (issued) => void post(issued) }
  }
}
