import { EXIT, HmsError, isServiceName, SERVICES, type ServiceName } from '#libs/contracts'
import { processEnvironment } from '#libs/platform'
import { serveServices, signalled } from '#libs/stage'
import type { ServeOptions } from './hosting.js'

export async function runServe(names: string[], { output, all }: ServeOptions): Promise<number> {
  const stopAsked = signalled()
  if (names.length === 1 && names[0] === 'edge') {
    const edge = await (await loadEdge()).serveEdge(processEnvironment())
    output.note(`edge listens on ${edge.port}`)
    await stopAsked
    await edge.stop()
    return EXIT.done
  }
  const services = all ? [...SERVICES] : names.map(requireService)
  const { host, port } = await serveServices(services, processEnvironment())
  output.note(`${services.join(', ')} ${services.length === 1 ? 'listens' : 'listen'} on ${port}`)
  await stopAsked
  await host.stop()
  return EXIT.done
}

function requireService(name: string): ServiceName {
  if (isServiceName(name)) return name
  const detail = name === 'edge' ? 'edge runs in a process of its own.' : `There is no service ${name}. Known: ${[...SERVICES, 'edge'].join(', ')}.`
  throw new HmsError('HMS_SERVICE_UNKNOWN', detail, { status: 400, next: ['hms-svc help serve'] })
}

interface EdgeModule {
  serveEdge(env: ReturnType<typeof processEnvironment>): Promise<{ port: number; stop(): Promise<void> }>
}

/** Late, by name, like the services: apps do not import apps. */
async function loadEdge(): Promise<EdgeModule> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`../../../edge/src/edge.${extension}`, import.meta.url)
  return (await import(/* @vite-ignore */ url.href)) as EdgeModule
}
