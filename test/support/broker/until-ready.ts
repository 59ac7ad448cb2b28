import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import type { BrokerProcess } from './broker-process.js'
import { ADMIN } from './server-properties.js'

const READY_MS = 60_000
const POLL_MS = 50

export interface HowToAsk {
  secured?: boolean
  ca?: string
  /** Number of brokers that the broker has to know, itself included. */
  atLeast?: number
}

/** Resolves when the broker at this address answers, has a controller, and knows of as many brokers. */
export async function untilReady(broker: BrokerProcess, address: string[], how: HowToAsk = {}): Promise<void> {
  const end = Date.now() + READY_MS
  while (Date.now() < end && !broker.exited) {
    if (await answers(address, how)) return
    await delay(POLL_MS)
  }
  const lines = broker.lastLines
  await broker.kill()
  throw new Error(`the broker did not become ready; its last lines:\n${lines}`)
}

async function answers(address: string[], { secured = false, ca, atLeast = 1 }: HowToAsk): Promise<boolean> {
  const login = secured ? { sasl: { mechanism: 'scram-sha-512' as const, ...ADMIN } } : {}
  const admin = new Kafka({
    brokers: address,
    ...login,
    ssl: ca === undefined ? false : { ca: readFileSync(ca) },
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 0 },
  }).admin()
  try {
    await admin.connect()
    const { brokers: known, controller } = await admin.describeCluster()
    return known.length >= atLeast && controller !== null && controller >= 0
  } catch {
    return false
  } finally {
    await admin.disconnect()
  }
}
