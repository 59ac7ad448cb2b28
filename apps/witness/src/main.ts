import { printable } from '#libs/contracts'
import { describeError, processEnvironment, stopSignal } from '#libs/platform'
import { serveWitness } from './serve-witness.js'

try {
  const witness = await serveWitness(processEnvironment())
  await stopSignal()
  await witness.stop()
} catch (error) {
  process.stderr.write(`✗ ${printable(describeError(error))}\n`)
  process.exitCode = 1
}
