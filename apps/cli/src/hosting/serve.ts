import { HmsError, isServiceName, SERVICES, type ServiceName } from '#libs/contracts'
import { loadProgram } from '#libs/process'
import { processEnvironment, stopSignal } from '#libs/platform'
import type * as Edge from '../../../edge/src/edge.js'
import type * as Witness from '../../../witness/src/serve-witness.js'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'

export async function runServe({ output }: CliContext, names: string[], { all }: { all?: true }): Promise<void> {
  if (names.length === 0 && all !== true) throw usageError('Name the services to run, or pass --all', ['hms-svc help serve'])
  const stopRequested = stopSignal()
  const alone = names.length === 1 ? ALONE.find(({ name }) => name === names[0]) : undefined
  if (alone !== undefined) {
    const served = await (await alone.load())(processEnvironment())
    output.note(`${alone.name} listens on ${served.port}`)
    await stopRequested
    await served.stop()
    return
  }
  const services = all ? [...SERVICES] : names.map(requireService)
  // Imported here, because edge and witness need no code of the services, which takes 50 MB.
  const { serveServices } = await import('#libs/service')
  const { host, port } = await serveServices(services, processEnvironment())
  output.note(`${services.join(', ')} ${services.length === 1 ? 'listens' : 'listen'} on ${port}`)
  await stopRequested
  await host.stop()
}

function requireService(name: string): ServiceName {
  if (isServiceName(name)) return name
  const known = [...SERVICES, ...ALONE.map((each) => each.name)].join(', ')
  const detail = ALONE.some((each) => each.name === name)
    ? `${name} runs in a process of its own.`
    : `There is no service ${name}. Known: ${known}.`
  throw new HmsError('HMS_SERVICE_UNKNOWN', detail, { status: 400, next: ['hms-svc help serve'] })
}

/** Processes that are not services. They are imported dynamically by name, because apps do not import apps. */
const ALONE: readonly { name: string; load(): Promise<typeof Edge.serveEdge> }[] = [
  { name: 'edge', load: async () => (await loadProgram<typeof Edge>('edge/src/edge')).serveEdge },
  { name: 'witness', load: async () => (await loadProgram<typeof Witness>('witness/src/serve-witness')).serveWitness },
]
