import { printable } from '#libs/contracts'
import { describeError, processEnvironment, stopSignal } from '#libs/platform'
import { serveEdge } from './edge.js'

try {
  const edge = await serveEdge(processEnvironment())
  await stopSignal()
  await edge.stop()
} catch (error) {
  process.stderr.write(`✗ ${printable(describeError(error))}\n`)
  process.exitCode = 1
}
