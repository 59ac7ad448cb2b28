import type { JsonObject, ServiceName } from '#libs/contracts'
import { recordOf, SOURCE_PREFIX, type BusRecord } from '#libs/messaging'
import { uuidv7 } from '#libs/platform'
import { signEvent } from '#libs/signing'
import type { TestIdentity } from '../support/identity.js'

export interface RecordSpec {
  keySeq: number
  key?: string
  topic?: string
  type?: string
  producer?: ServiceName
  /** Whose key signs; the producer's unless given. */
  signedBy?: ServiceName
  runId?: string
  data?: JsonObject
}

/** A record as its producer's relay would have sent it. */
export async function signedRecord(identity: TestIdentity, spec: RecordSpec): Promise<BusRecord> {
  const { key = 'epa-pm25-limit', topic = 'hms.lint.v1', type = 'hms.lint.failed.v1' } = spec
  const { producer = 'linter', signedBy = producer, keySeq, runId = '7' } = spec
  const time = '2026-01-01T00:00:00.000Z'
  const head = { id: uuidv7(new Date(time)), source: `${SOURCE_PREFIX}${producer}`, type, topic, key, keySeq, time, runId, attempt: 2 }
  const envelope = await signEvent({ ...head, data: spec.data ?? { n: keySeq } }, identity.serviceSigner(signedBy))
  return recordOf({ ...head, value: JSON.stringify(envelope) }, `0:${keySeq}`)
}
