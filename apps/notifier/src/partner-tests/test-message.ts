import { createHash } from 'node:crypto'
import type { MessageContent } from '../channels/channel-sender.js'

/** Placeholder policy for channels that name one. */
const TEST_POLICY = 'connection-test'
const TEST_VERSION = '0.0.0'

/** Creates a message that states it is a test, in the format of real ones. */
export function testMessage(partner: string, at: Date): { body: Buffer; content: MessageContent } {
  const time = at.toISOString()
  const body = Buffer.from(JSON.stringify({ type: 'partner.test', timestamp: time, data: { intent: TEST_POLICY, partner } }))
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
  const nothing = { supersedes: [], bundle: [], release: null, replaced: null }
  return {
    body,
    content: { type: 'partner.test', policy: TEST_POLICY, version: TEST_VERSION, digest, effective: time, at: time, ...nothing },
  }
}
