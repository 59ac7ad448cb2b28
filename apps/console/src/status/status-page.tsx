import type { PageContent, PageRequest } from '../layout/page.js'
import { Part, Table, Terminal } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'
import { readHealth, type ServiceHealth } from './read-health.js'

/** Which services are up, and what is wrong with those that are not. */
export async function statusPage({ health }: PageRequest): Promise<PageContent> {
  const services = await readHealth(health)
  return {
    title: 'Status',
    heading: 'Status of the services',
    section: 'Status',
    summary: summaryOf(services),
    body: (
      <>
        <Part id="services" title="Services">
          <Table
            caption="Services"
            head={['Service', 'State', 'Instances', 'What is wrong']}
            rows={services.map(({ service, state, instances, concerns }) => [
              service,
              <Tag {...STATES[state]} />,
              `${instances.up} of ${instances.all}`,
              concerns.join('; ') || '–',
            ])}
          />
        </Part>
        <Terminal same commands={['hms-svc doctor']}>
          <p>
            For programs: <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>, <a href="/openapi.json">/openapi.json</a>,{' '}
            <a href="/asyncapi.json">/asyncapi.json</a>.
          </p>
        </Terminal>
      </>
    ),
  }
}

function summaryOf(services: readonly ServiceHealth[]): string {
  const wrong = services.filter(({ state }) => state !== 'up')
  if (wrong.length === 0) return `All ${services.length} services are up.`
  return `Not well: ${wrong.map(({ service, state }) => `${service} (${state})`).join(', ')}.`
}

const STATES = {
  up: { text: 'Up', tone: 'good' },
  degraded: { text: 'Degraded', tone: 'warn' },
  down: { text: 'Down', tone: 'bad' },
} as const
