import { describeError, processEnvironment } from '#libs/platform'
import { signalled } from '#libs/stage'
import { serveWitness } from './serve-witness.js'

try {
  const witness = await serveWitness(processEnvironment())
  await signalled()
  await witness.stop()
} catch (error) {
  process.stderr.write(`✗ ${describeError(error)}\n`)
  process.exitCode = 1
}
