import { HmsError, type ServiceName } from '#libs/contracts'
import type { Incarnation } from './incarnation.js'
import type { Scheduler } from './scheduler.js'
import type { Life, ServiceNode } from './service-node.js'

/** Code of a request to a service that stays down. */
export const AWAY = 'HMS_TEST_AWAY'

const PATIENCE_MS = 5_000
const AGAIN_MS = 200

/** Who calls a service from outside: no answer in time, a dead process or a database that is away mean that it asks again. */
export class Client {
  constructor(
    private readonly scheduler: Scheduler,
    private readonly nodes: ReadonlyMap<ServiceName, ServiceNode>,
    private readonly tell: (who: string, what: string) => void,
    /** Whether a service is never restarted: a caller of such a service gives up. */
    private readonly isAway: (service: ServiceName) => boolean,
  ) {}

  /** Resolves with the first answer; rejects with a refusal (`HmsError`), which asking again would not change. */
  async ask<T>(service: ServiceName, what: string, work: (life: Life) => Promise<T>): Promise<T> {
    for (;;) {
      if (this.isAway(service)) throw new HmsError(AWAY, `${service} does not come back.`)
      const life = this.nodes.get(service)!.lives.find(({ incarnation }) => !incarnation.paused)
      if (life !== undefined) {
        try {
          const answer = await this.inTime(life.incarnation, work(life))
          this.tell('client', `${what}: answered by ${life.incarnation.name}`)
          return answer
        } catch (error) {
          this.tell('client', `${what}: ${error instanceof Error ? error.message : String(error)}`)
          if (error instanceof HmsError) throw error
        }
      }
      await this.scheduler.sleep(AGAIN_MS)
    }
  }

  private inTime<T>(incarnation: Incarnation, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.scheduler.after(PATIENCE_MS, () => reject(new Error('no response in time')))
      incarnation.onDeath(() => reject(new Error('connection reset')))
      answer.then(resolve, reject).finally(cancel)
    })
  }
}
