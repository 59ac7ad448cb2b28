import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { applyTopics, createKafka } from '#libs/messaging'
import { silentLogger } from '#libs/platform'
import { sampleDocument } from '../../libs/client/src/testing/sample-document.js'
import { documentRecord } from '../../libs/client/src/testing/sample-records.js'
import { startKafka, type TestBroker } from '../support/broker/start-kafka.js'
import { cleanEnvironment } from '../support/processes.config.js'
import { describeKafka } from './kafka.config.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/how-to/follow-on-kafka.md'), 'utf8')
const blockOf = (language: string): string => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(PAGE)![1]!
const python = spawnSync('python3', ['-c', 'import confluent_kafka']).status === 0
const ID = 'epa-pm25-limit'

/** The readers of the page, on a topic that config-store has written to. */
describeKafka('plain consumers of the state topic', () => {
  let broker: TestBroker
  let reader: ChildProcess | undefined

  beforeAll(async () => {
    broker = await startKafka()
    await applyTopics(client(), 1)
    await send(sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 1 }))
    await send(sampleDocument({ policy: { id: ID, version: '3.0.0', limit: 1 }, scope: 'region:NCR', share: 500, base: null }))
  }, 180_000)
  afterEach(async () => {
    if (reader?.exitCode === null && reader.kill('SIGKILL')) await once(reader, 'exit')
  })
  afterAll(async () => {
    await broker?.stop()
  })

  const client = () => createKafka({ brokers: broker.brokers, clientId: 'plain-consumers' }, silentLogger)

  async function send(document: Parameters<typeof documentRecord>[0]): Promise<void> {
    const producer = client().producer()
    await producer.connect()
    const { key, value } = documentRecord(document)
    await producer.send({
      topic: 'hms.config.state.v1',
      messages: [{ key: Buffer.from(key!), value: value === null ? null : Buffer.from(value) }],
    })
    await producer.disconnect()
  }

  /** Lines of a reader, one at a time. */
  function start(command: string, args: readonly string[], program: string): AsyncIterator<string> {
    const env = { ...cleanEnvironment(), HMS_KAFKA_BROKERS: broker.brokers.join(',') }
    reader = spawn(command, args, { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'inherit'] })
    reader.stdin!.end(program)
    return createInterface({ input: reader.stdout! })[Symbol.asyncIterator]()
  }

  async function follows(lines: AsyncIterator<string>, version: string, limit: number): Promise<void> {
    expect((await lines.next()).value).toMatch(new RegExp(`^${ID} `))
    await send(sampleDocument({ policy: { id: ID, version, limit }, seq: limit }))
    for (let line = ''; line !== `${ID} ${version} ${limit}`;) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error('the reader has ended')
      line = value
    }
  }

  it('in JavaScript print what is in force and each change, and no canary', async () => {
    await follows(start(process.execPath, ['--input-type=module'], blockOf('js')), '2.0.0', 25)
  }, 120_000)

  it.skipIf(!python)(
    'in Python print the same (skipped where confluent_kafka is missing)',
    async () => {
      await follows(start('python3', ['-'], blockOf('python')), '2.1.0', 24)
    },
    120_000,
  )

  it('have ten lines each', () => {
    for (const language of ['js', 'python']) expect(blockOf(language).trimEnd().split('\n').length).toBeLessThanOrEqual(10)
    expect(spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: blockOf('python') }).status).toBe(0)
  })
})
