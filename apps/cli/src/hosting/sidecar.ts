import { processEnvironment, stopSignal } from '#libs/platform'
import { loadProgram } from '#libs/process'
import type * as Sidecar from '../../../sidecar/src/serve-sidecar.js'
import type { CliContext } from '../context.js'
import type { FlagsOf, SIDECAR } from '../verbs/options.js'
import { portOf } from './place.js'

export async function runSidecar(context: CliContext, { port, socket, write, policies }: FlagsOf<typeof SIDECAR>): Promise<void> {
  const options: Sidecar.SidecarOptions = {
    url: context.options.url,
    address: socket !== undefined ? { socket } : port === undefined ? undefined : { port: portOf(port, '--port') },
    policies: policies?.split(',').map((id) => id.trim()),
    write,
    timeoutMs: context.options.timeout,
  }
  const { serveSidecar } = await loadProgram<typeof Sidecar>('sidecar/src/serve-sidecar')
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
