import type { ServiceName } from '#libs/contracts'
import type { ServiceDefinition } from './service-definition.js'

/**
 * Loads a service by its name in the catalogue: `apps/<name>/src/<name>.module`. The only link from libraries to apps, and a late one,
 * so that a ninth service needs no line here.
 */
export async function loadService(name: ServiceName): Promise<ServiceDefinition> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`../../../apps/${name}/src/${name}.module.${extension}`, import.meta.url)
  const { definition } = (await import(/* @vite-ignore */ url.href)) as { definition: ServiceDefinition }
  return definition
}
