import { exitCodeOfStatus, HmsError, printable } from '#libs/contracts'
import { describeError, processEnvironment, stopSignal } from '#libs/platform'
import { serveSidecar } from './serve-sidecar.js'

try {
  const sidecar = await serveSidecar(processEnvironment())
  await stopSignal()
  await sidecar.stop()
} catch (error) {
  process.stderr.write(`✗ ${printable(describeError(error))}${error instanceof HmsError ? ` [${error.code}]` : ''}\n`)
  process.exitCode = error instanceof HmsError ? exitCodeOfStatus(error.status) : 1
}
