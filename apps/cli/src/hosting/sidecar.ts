import { EXIT } from '#libs/contracts'
import { processEnvironment, signalled, type Environment } from '#libs/platform'
import type { SidecarOptions } from './hosting.js'
import { loadProgram } from './load-program.js'

/** Mirrors `serveSidecar` of apps/sidecar. */
interface SidecarModule {
  serveSidecar(
    env: Environment,
    options: Omit<SidecarOptions, 'output'>,
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

export async function runSidecar({ output, ...options }: SidecarOptions): Promise<number> {
  const { serveSidecar } = await loadProgram<SidecarModule>('sidecar/src/serve-sidecar')
  const { stop, reader, ...at } = await serveSidecar(processEnvironment(), options)
  // Registered before the ready message, so an immediate Ctrl-C also stops it in order.
  const stopAsked = signalled()
  const name = reader.bot === undefined ? 'no bot (HMS_BOT)' : `bot ${reader.bot}`
  const region = reader.region === undefined ? '' : ` of region ${reader.region}`
  output.data({ ...at, ...reader }, () => [
    `Side-car of ${at.upstream} ${at.state === 'READY' ? 'is ready' : 'answers from a copy that may be old'}   ` +
      `(${at.state}: ${at.policies === 1 ? '1 policy' : `${at.policies} policies`} at revision ${at.revision})`,
    `  Answers  ${at.address}   /v1/policies  /v1/events  /readyz`,
    `  Reads    as ${name}${region}`,
    ...(at.files === 0 ? [] : [`  Writes   ${at.files === 1 ? '1 file' : `${at.files} files`}, again with each change`]),
    'Ctrl-C stops it.',
  ])
  await stopAsked
  await stop()
  return EXIT.done
}
