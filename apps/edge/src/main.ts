import { describeError, processEnvironment, signalled } from '#libs/platform'
import { serveEdge } from './edge.js'

try {
  const edge = await serveEdge(processEnvironment())
  await signalled()
  await edge.stop()
} catch (error) {
  process.stderr.write(`✗ ${describeError(error)}\n`)
  process.exitCode = 1
}
