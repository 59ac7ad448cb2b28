import { describe } from 'vitest'
import { kafkaAvailable } from '../support/broker/kafka-jars.js'

/** `describe` where a broker can be started, else a skip that says why; with `HMS_TEST_KAFKA=required` there is no skip. */
export function describeKafka(name: string, suite: () => void): void {
  const available = kafkaAvailable()
  const required = process.env['HMS_TEST_KAFKA'] === 'required'
  if (available.ok || required) describe(name, suite)
  else describe.skip(`${name} (skipped: ${available.why})`, suite)
}
