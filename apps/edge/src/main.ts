import { printable } from '#libs/contracts'
import { describeError, processEnvironment, signalled } from '#libs/platform'
import { serveEdge } from './edge.js'

try {
  const edge = await serveEdge(processEnvironment())
  await signalled()
  await edge.stop()
} catch (error) {
  process.stderr.write(`✗ ${printable(describeError(error))}\n`)
  process.exitCode = 1
}
