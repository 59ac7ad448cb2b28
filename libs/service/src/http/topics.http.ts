import type { TopicLag } from '#libs/messaging'
import { Controller, Get } from '@nestjs/common'
import { HostContext } from './host-context.js'

/** How far the readers of each topic are. */
@Controller('v1/topics')
export class TopicsController {
  constructor(private readonly host: HostContext) {}

  @Get()
  list(): Promise<TopicLag[]> {
    return this.host.services[0]?.bus.lag() ?? Promise.resolve([])
  }
}
