import { action, HmsError, type ServiceLag, type ServiceName, type TopicActivity, type TopicRecords } from '#libs/contracts'
import { topicRecordOf } from '#libs/messaging'
import { SharedAnswer, systemClock } from '#libs/platform'
import { Controller, Get, Injectable, Param, Query } from '@nestjs/common'
import { HostContext } from './host-context.js'
import { TopicRecordsQueryDto } from './topics.dto.js'

/** Returns the service of a path if it runs in this process; otherwise throws 404 `HMS_SERVICE_UNKNOWN`. */
export function serviceHere(here: readonly ServiceName[], name: string): ServiceName {
  const found = here.find((service) => service === name)
  if (found !== undefined) return found
  throw new HmsError('HMS_SERVICE_UNKNOWN', `No service ${name} runs behind this address; ${here.join(', ')} do.`, {
    status: 404,
    next: [action('topics.list')],
  })
}

/** Requests within this time share the result, which takes many queries of database or broker. */
const SHARE_MS = 1_000

/** Serves the activity of each topic, and the lag of its readers, for all services. */
@Injectable()
@Controller('v1/topics')
export class TopicsController {
  private readonly activity: SharedAnswer<TopicActivity[]>

  constructor(private readonly host: HostContext) {
    this.activity = new SharedAnswer(() => this.read(), host.services[0]?.clock ?? systemClock, SHARE_MS)
  }

  @Get()
  list(): Promise<TopicActivity[]> {
    return this.activity.get()
  }

  @Get('records')
  async records(@Query() { topics, after, since, limit }: TopicRecordsQueryDto): Promise<TopicRecords> {
    const log = this.host.services[0]?.bus.records
    if (log === undefined) {
      const detail = 'The events lie on Apache Kafka: read them there, with HMS_BUS=kafka and HMS_KAFKA_BROKERS.'
      throw new HmsError('HMS_TOPICS_AT_BROKER', detail, { status: 409, next: [action('help.environment')] })
    }
    const page = await log.read({ topics, after, since: since === undefined ? undefined : new Date(since), limit })
    return { records: page.records.map(topicRecordOf), next: page.next }
  }

  private async read(): Promise<TopicActivity[]> {
    const [first] = this.host.services
    if (first === undefined) return []
    const [lags, rates] = await Promise.all([first.bus.lag(), first.bus.rates(first.clock.now())])
    return lags.map((lag) => ({ ...lag, perMinute: rates.find(({ topic }) => topic === lag.topic)?.perMinute ?? [] }))
  }
}

/** Serves the lag of one service in its topics, from its own knowledge: since when, and the event being handled. */
@Injectable()
@Controller('v1/groups/:service')
export class GroupsController {
  private readonly lags: SharedAnswer<ServiceLag[]>

  constructor(private readonly host: HostContext) {
    const names = host.services.map(({ name }) => name)
    const [first] = host.services
    this.lags = new SharedAnswer(() => first?.bus.lag(names) ?? Promise.resolve([]), first?.clock ?? systemClock, SHARE_MS)
  }

  @Get()
  async list(@Param('service') service: string): Promise<ServiceLag[]> {
    const name = serviceHere(
      this.host.services.map((runtime) => runtime.name),
      service,
    )
    const lags = await this.lags.get()
    return lags
      .map((lag) => ({ ...lag, groups: lag.groups.filter(({ group }) => group === name || group.startsWith(`${name}.`)) }))
      .filter(({ groups }) => groups.length > 0)
  }
}
