import { processEnvironment, stopSignal, type Environment } from '#libs/platform'
import { loadProgram } from '#libs/process'
import type { CliContext } from '../context.js'
import type { FlagsOf, SIDECAR } from '../verbs/options.js'
import { portOf } from './place.js'

interface SidecarOptions {
  /** Address of the services from the command line. */
  url?: string
  policies?: readonly string[]
  /** Address to listen on from the command line. */
  address?: { port: number } | { socket: string }
  timeoutMs?: number
  /** Files that the side-car renders from templates and keeps up to date. */
  write: readonly { template: string; file: string }[]
}

/** Mirrors `serveSidecar` of apps/sidecar. */
export interface SidecarModule {
  serveSidecar(
    env: Environment,
    options: SidecarOptions,
  ): Promise<{
    address: string
    upstream: string
    reader: { bot?: string; region?: string }
    state: string
    revision: number
    policies: number
    files: number
    stop(): Promise<void>
  }>
}

export async function runSidecar(context: CliContext, { port, socket, write, policies }: FlagsOf<typeof SIDECAR>): Promise<void> {
  const options: SidecarOptions = {
    url: context.options.url,
    address: socket !== undefined ? { socket } : port === undefined ? undefined : { port: portOf(port, '--port') },
    policies: policies?.split(',').map((id) => id.trim()),
    write,
    timeoutMs: context.options.timeout,
  }
  const { serveSidecar } = await loadProgram<SidecarModule>('sidecar/src/serve-sidecar')
  const { stop, reader, ...at } = await serveSidecar(processEnvironment(), options)
  // Registered before the ready message, so an immediate Ctrl-C also stops it in order.
  const stopRequested = stopSignal()
  const name = reader.bot === undefined ? 'no bot (HMS_BOT)' : `bot ${reader.bot}`
  const region = reader.region === undefined ? '' : ` of region ${reader.region}`
  context.output.data({ ...at, ...reader }, () => [
    `Side-car of ${at.upstream} ${at.state === 'READY' ? 'is ready' : 'answers from a copy that may be old'}   ` +
      `(${at.state}: ${at.policies === 1 ? '1 policy' : `${at.policies} policies`} at revision ${at.revision})`,
    `  Answers  ${at.address}   /v1/policies  /v1/events  /readyz`,
    `  Reads    as ${name}${region}`,
    ...(at.files === 0 ? [] : [`  Writes   ${at.files === 1 ? '1 file' : `${at.files} files`}, again with each change`]),
    'Ctrl-C stops it.',
  ])
  await stopRequested
  await stop()
}
