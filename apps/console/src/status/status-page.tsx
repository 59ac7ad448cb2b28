import type { JSX } from 'preact'
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
          <Table caption="Services" head={['Service', 'State', 'Instances', 'What is wrong']}>
            {services.map((service) => (
              <Row key={service.service} service={service} />
            ))}
          </Table>
        </Part>
        <Terminal title="The same from a terminal" commands={['hms-svc doctor']}>
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

function Row({ service: { service, state, instances, concerns } }: { service: ServiceHealth }): JSX.Element {
  return (
    <tr>
      <th scope="row">{service}</th>
      <td>
        <StateOfService state={state} />
      </td>
      <td>
        {instances.up} of {instances.all}
      </td>
      <td>{concerns.length === 0 ? '–' : concerns.join('; ')}</td>
    </tr>
  )
}

function StateOfService({ state }: { state: ServiceHealth['state'] }): JSX.Element {
  if (state === 'up') return <Tag text="Up" tone="good" />
  return state === 'degraded' ? <Tag text="Degraded" tone="warn" /> : <Tag text="Down" tone="bad" />
}
