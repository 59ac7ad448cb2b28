import { action, HmsError, type ServiceLag, type TopicActivity, type TopicRecords } from '#libs/contracts'
import { topicRecordOf } from '#libs/messaging'
import type { SharedResult } from '#libs/platform'
import { Controller, Get, Injectable, Param, Query } from '@nestjs/common'
import { HostContext } from './host-context.js'
import { Paged } from './paged-lists.js'
import { TopicRecordsQueryDto } from './topics.dto.js'

/** Serves the activity of each topic, and the lag of its readers, for all services. */
@Injectable()
@Controller('v1/topics')
export class TopicsController {
  private readonly activity: SharedResult<TopicActivity[]> = this.host.share(() => this.read())

  constructor(private readonly host: HostContext) {}

  /** Lists the topics with their activity and the lag of their readers. */
  @Get()
  @Paged(({ topic }: TopicActivity) => topic)
  list(): Promise<TopicActivity[]> {
    return this.activity.get()
  }

  /** Returns the records of the topics in pages. */
  @Get('records')
  async records(@Query() { topics, after, since, order, limit }: TopicRecordsQueryDto): Promise<TopicRecords> {
    const log = this.host.services[0]?.bus.records
    if (log === undefined) {
      const detail = 'The events are on Apache Kafka: read them there, with HMS_BUS=kafka and HMS_KAFKA_BROKERS.'
      throw new HmsError('HMS_TOPICS_AT_BROKER', detail, { status: 409, next: [action('help.environment')] })
    }
    const from = since === undefined ? undefined : new Date(since)
    const page = await log.read({ topics, after, since: from, newest: order === 'newest', limit })
    return { records: page.records.map(topicRecordOf), next: page.next }
  }

  private async read(): Promise<TopicActivity[]> {
    const [first] = this.host.services
    if (first === undefined) return []
    const [lags, rates] = await Promise.all([first.bus.lag(), first.bus.rates(first.clock.now())])
    return lags.map((lag) => ({ ...lag, perMinute: rates.find(({ topic }) => topic === lag.topic)?.perMinute ?? [] }))
  }
}

/** Serves the lag of one service in its topics. Only the service's own process knows since when it lags, and the event being handled. */
@Injectable()
@Controller('v1/groups/:service')
export class GroupsController {
  private readonly lags: SharedResult<ServiceLag[]> = this.host.share(
    async () => (await this.host.services[0]?.bus.lag(this.host.names)) ?? [],
  )

  constructor(private readonly host: HostContext) {}

  /** Returns the lag of one service in each of its topics. */
  @Get()
  @Paged(({ topic }: ServiceLag) => topic)
  async list(@Param('service') service: string): Promise<ServiceLag[]> {
    const { name } = this.host.service(service, action('topics.list'))
    const lags = await this.lags.get()
    return lags
      .map((lag) => ({ ...lag, groups: lag.groups.filter(({ group }) => group === name || group.startsWith(`${name}.`)) }))
      .filter(({ groups }) => groups.length > 0)
  }
}
