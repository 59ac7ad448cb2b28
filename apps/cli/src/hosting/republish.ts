import { EXIT, HmsError, parseDuration, SERVICES, type ServiceName } from '#libs/contracts'
import { readHostConfig } from '#libs/process'
import { processEnvironment, systemClock } from '#libs/platform'
import { loadService, republishService } from '#libs/service'
import { usageError } from '../errors.js'
import type { RepublishOptions } from './hosting.js'

/** Publishes again the events that the outboxes retain since a time, after the broker lost some. */
export async function runRepublish({ output, since }: RepublishOptions): Promise<number> {
  const from = parseSince(since)
  const config = readHostConfig(processEnvironment())
  if (config.bus !== 'kafka' || config.databaseUrl === undefined) {
    const detail =
      'Only a broker can lose what it was sent: set HMS_BUS=kafka and HMS_DATABASE_URL. The embedded bus reads the outboxes themselves.'
    throw new HmsError('HMS_REPUBLISH_EMBEDDED', detail, { status: 400, next: ['hms-svc help environment'] })
  }
  const services: { service: ServiceName; events: number }[] = []
  for (const service of SERVICES)
    services.push({ service, events: await republishService(await loadService(service), config.databaseUrl, from) })
  const events = services.reduce((sum, each) => sum + each.events, 0)
  const said = services.map((each) => `${each.service}: ${each.events} ${each.events === 1 ? 'event' : 'events'}`)
  output.result({ since: from.toISOString(), events, services }, said)
  output.note(`${events} since ${from.toISOString()} are sent again by the services that run`)
  return EXIT.done
}

function parseSince(text: string): Date {
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? new Date(text) : new Date(systemClock.now().getTime() - parseDuration(text, '--since'))
  if (!Number.isNaN(at.getTime())) return at
  throw usageError(`--since ${text} is no time: write 2026-01-31T12:00:00Z, or how long ago, 2h`, ['hms-svc topics republish --since 2h'])
}
