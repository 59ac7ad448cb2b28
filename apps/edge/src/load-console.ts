import type { ServiceName } from '#libs/contracts'
import type { TrustedProxies } from '#libs/platform'
import type { FastifyInstance } from 'fastify'

/** Mirrors `addConsole` of apps/console. */
interface ConsoleModule {
  addConsole(server: FastifyInstance, options: ConsoleOptions): void
}

interface ConsoleOptions {
  urlsOf(service: ServiceName): readonly string[]
  trusted: TrustedProxies
  key: string | undefined
  hosts: readonly string[]
  roster: string | undefined
}

/** Loads the console late and by name, because apps do not import apps. */
export async function loadConsole(): Promise<ConsoleModule> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`../../console/src/console.${extension}`, import.meta.url)
  return (await import(/* @vite-ignore */ url.href)) as ConsoleModule
}
