import { EXIT, type ChannelTest, type RefusalExplanation } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'

/** Longer than the service needs for all channels. */
const TIMEOUT_MS = 60_000

export interface TestOptions {
  channel?: string
  explain?: boolean
}

/** Tests a partner's channels. Exit 6 if a channel did not accept the message. */
export async function testPartner(context: CliContext, partner: string, { channel, explain }: TestOptions): Promise<number> {
  requireName(partner, 'the id of a partner', 'hms-svc partners list')
  const client = await context.client()
  const result = await client.post('/v1/partners/{id}/test', { channel, explain }, { params: { id: partner }, timeoutMs: TIMEOUT_MS })
  const { output } = context
  if (output.mode === 'json') output.data(result, () => [])
  else for (const test of result.channels) for (const line of linesOf(test)) (test.ok ? output.done : output.undone).call(output, line)
  return result.ok ? EXIT.done : EXIT.failed
}

function linesOf({ channel, ok, status, latencyMs, detail, address, explanation }: ChannelTest): string[] {
  const facts = [status === null ? null : `status ${status}`, `${latencyMs} ms`, address].filter((fact) => fact !== null)
  const said = `${ok ? 'took' : 'did not take'} the test message (${facts.join(', ')})${detail === null ? '' : `: ${detail}`}`
  return [said, ...(explanation === null ? [] : explained(explanation))].map((line) => `${channel}: ${line}`)
}

function explained({ suspect, detail, secretPrefix, signed }: RefusalExplanation): string[] {
  const { id, timestamp, bytes, bodySha256 } = signed
  return [
    `${suspect === null ? 'not known what is wrong' : `${suspect} is wrong`}: ${detail}`,
    `signed with ${secretPrefix} over ${id}.${timestamp}.BODY, body of ${bytes} bytes, SHA-256 ${bodySha256}`,
  ]
}
