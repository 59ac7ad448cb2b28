import { deadLetterTopic, EVENT_TOPICS, SERVICES, TOPICS } from '#libs/contracts'
import { GIVEN_UP } from '#libs/messaging'
import { addErrorPages, SharedAnswer, systemClock, type Metrics } from '#libs/platform'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Authorizer } from '../authorization/authorizer.js'
import type { ServiceRuntime } from '../service-runtime.js'

const LAG_WITHIN_MS = 1_000
/** Collecting asks database and broker: however many ask, it is done once in that time. */
const METRICS_MS = 1_000

/** Must be called before the routes of the services are registered: the OpenAPI document lists what it saw. */
export function addServiceRoutes(
  fastify: FastifyInstance,
  runtimes: readonly ServiceRuntime[],
  access: Authorizer,
  metrics: Metrics,
  { version, metricsFor }: { version: string; metricsFor: 'public' | 'key' },
): void {
  const routes: { method: string; url: string }[] = []
  fastify.addHook('onRoute', (route: RouteOptions) => {
    for (const method of [route.method].flat()) if (method !== 'HEAD' && method !== 'OPTIONS') routes.push({ method, url: route.url })
  })
  fastify.get('/livez', async () => ({ status: 'up' }))
  fastify.get('/readyz', async (_request, reply) => readiness(runtimes, reply))
  const collected = new SharedAnswer(() => collect(runtimes, metrics), runtimes[0]?.clock ?? systemClock, METRICS_MS)
  fastify.get('/metrics', async (request, reply) => {
    if (metricsFor === 'key') await admitReader(request, access, 'asked')
    return reply.header('content-type', metrics.registry.contentType).send(await collected.get())
  })
  fastify.get('/v1/topics', async (request) => {
    await admitReader(request, access, 'open')
    return runtimes[0]?.bus.lag() ?? []
  })
  addErrorPages(fastify)
  fastify.get('/openapi.json', async () => openApi(routes, version))
  fastify.get('/asyncapi.json', async () => asyncApi(version))
}

async function admitReader({ method, url, headers, socket }: FastifyRequest, access: Authorizer, dev: 'open' | 'asked'): Promise<void> {
  await access.admit({ method, url, headers, body: Buffer.alloc(0), peer: socket.remoteAddress }, { what: 'read', dev })
}

async function collect(runtimes: readonly ServiceRuntime[], metrics: Metrics): Promise<string> {
  await Promise.all([...runtimes.map((runtime) => runtime.vitals.refresh()), refreshLag(runtimes, metrics)])
  return metrics.registry.metrics()
}

/** Of the groups of this process. A broker that does not answer within a second leaves the gauges as they were. */
async function refreshLag(runtimes: readonly ServiceRuntime[], metrics: Metrics): Promise<void> {
  const [first] = runtimes
  if (first === undefined) return
  const late = new Promise<undefined>((resolve) => first.clock.after(LAG_WITHIN_MS, () => resolve(undefined)))
  const lags = await Promise.race([first.bus.lag(runtimes.map((runtime) => runtime.name)).catch(() => undefined), late])
  for (const { topic, groups } of lags ?? []) {
    for (const { group, messages, seconds } of groups) {
      metrics.lagMessages.set({ topic, group }, messages)
      metrics.lagSeconds.set({ topic, group }, seconds)
    }
  }
}

/** 503 only without database or migrations: reads, approvals and rollback need neither the broker nor whatever else shows as `degraded`. */
async function readiness(runtimes: readonly ServiceRuntime[], reply: FastifyReply): Promise<object> {
  const services = await Promise.all(
    runtimes.map(async (runtime) => {
      const { database, migrations } = await runtime.ready()
      return {
        service: runtime.name,
        database: database ? 'up' : 'down',
        migrations: migrations ? 'current' : 'missing',
        broker: runtime.bus.state(),
        ...concernsOf(runtime),
      }
    }),
  )
  const ready = services.every((service) => service.database === 'up' && service.migrations === 'current')
  const degraded = services.some(({ broker, concerns }) => broker === 'degraded' || concerns !== undefined)
  if (!ready) void reply.status(503).header('retry-after', '2')
  return { status: ready ? (degraded ? 'degraded' : 'up') : 'down', services }
}

function concernsOf({ concerns }: ServiceRuntime): { concerns?: string[] } {
  return concerns.length > 0 ? { concerns } : {}
}

function openApi(routes: { method: string; url: string }[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const { method, url } of routes) {
    const path = url.replaceAll(/:([A-Za-z]+)/g, '{$1}').replaceAll('*', '{path}')
    const parameters = [...path.matchAll(/\{([A-Za-z]+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }))
    paths[path] ??= {}
    paths[path][method.toLowerCase()] = {
      ...(parameters.length > 0 ? { parameters } : {}),
      responses: { '2XX': { description: 'done as asked' }, default: { $ref: '#/components/responses/Problem' } },
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'HMS-SVC', version, description: 'A signed YAML policy becomes a live rule.' },
    paths,
    components: {
      responses: {
        Problem: { description: 'RFC 9457', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'status', 'code', 'detail', 'retryable', 'next'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            code: { type: 'string', pattern: '^HMS_[A-Z0-9_]+$' },
            detail: { type: 'string' },
            retryable: { type: 'boolean' },
            next: { type: 'array', items: { type: 'object', properties: { command: { type: 'string' } } } },
            traceId: { type: 'string' },
            errors: { type: 'array', items: { type: 'object', properties: { pointer: { type: 'string' }, detail: { type: 'string' } } } },
          },
        },
      },
    },
  }
}

/** AsyncAPI 3.0 of the whole choreography, from the same catalogue that `topics apply` uses. */
function asyncApi(version: string): object {
  const channels: Record<string, object> = {}
  const operations: Record<string, object> = {}
  for (const topic of TOPICS) {
    const types = Object.entries(EVENT_TOPICS)
      .filter(([, name]) => name === topic.name)
      .map(([type]) => type)
    channels[topic.name] = {
      address: topic.name,
      description: topic.purpose,
      messages: Object.fromEntries(types.map((type) => [type, { name: type, contentType: 'application/json' }])),
      bindings: { kafka: { partitions: topic.partitions, topicConfiguration: { 'cleanup.policy': [topic.cleanup] } } },
    }
    for (const producer of topic.producers)
      operations[`${producer}.send.${topic.name}`] = { action: 'send', channel: { $ref: `#/channels/${topic.name}` } }
    for (const consumer of topic.consumers)
      operations[`${consumer}.receive.${topic.name}`] = { action: 'receive', channel: { $ref: `#/channels/${topic.name}` } }
  }
  for (const service of SERVICES) {
    const messages = { [GIVEN_UP]: { name: GIVEN_UP, description: 'a record as it came, with why it was given up in its headers' } }
    channels[deadLetterTopic(service)] = { address: deadLetterTopic(service), description: `dead letters of ${service}`, messages }
  }
  return { asyncapi: '3.0.0', info: { title: 'HMS-SVC choreography', version }, channels, operations }
}
