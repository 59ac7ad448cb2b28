import { isUtf8 } from 'node:buffer'
import type { KafkaMessage } from 'kafkajs'
import type { BusRecord, RecordBytes } from '../event-bus.js'

export function recordOfMessage(topic: string, partition: number, message: KafkaMessage): BusRecord {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, bytesOf([value].flat()[0])] as const)
  const texts = recordOfBytes({ key: message.key, value: message.value, headers: Object.fromEntries(headers) })
  return { topic, position: `${partition}:${message.offset}`, ...texts }
}

/** Decodes bytes to text; the bytes are included only if a text does not encode back to them. */
export function recordOfBytes(bytes: RecordBytes): Pick<BusRecord, 'key' | 'value' | 'headers' | 'bytes'> {
  const { key, value, headers } = bytes
  const exact = [key, value, ...Object.values(headers)].every((part) => part === null || isUtf8(part))
  return {
    key: textOf(key),
    value: textOf(value),
    headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, textOf(header) ?? ''])),
    ...(exact ? {} : { bytes }),
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

function bytesOf(value: string | Buffer | undefined): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : (value ?? Buffer.alloc(0))
}
