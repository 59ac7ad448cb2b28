import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Span } from '../trace.js'

const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'] as const
const STATUS_ERROR = 2

/** Returns an `ExportTraceServiceRequest` as OTLP has it in JSON. */
export function traceRequest(spans: readonly Span[], resource: Record<string, string>): object {
  const scopeSpans = [{ scope: { name: 'hms-svc' }, spans: spans.map(spanOf) }]
  return { resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans }] }
}

function spanOf({ traceId, spanId, parentSpanId, name, kind = 'internal', startMs, endMs, failed, attributes }: Span): object {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: KINDS.indexOf(kind) + 1,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(endMs),
    ...(attributes === undefined ? {} : { attributes: attributesOf(attributes) }),
    status: failed ? { code: STATUS_ERROR } : {},
  }
}

function attributesOf(values: Record<string, string | number>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }))
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n)
}

type Field = readonly [number, 'string' | 'hex' | 'enum' | 'int64' | 'fixed64' | Message]
interface Message {
  readonly [name: string]: Field
}

/** Fields of the messages of opentelemetry-proto that are used here, with their numbers. */
const VALUE: Message = { stringValue: [1, 'string'], intValue: [3, 'int64'] }
const ATTRIBUTE: Message = { key: [1, 'string'], value: [2, VALUE] }
const SPAN: Message = {
  traceId: [1, 'hex'],
  spanId: [2, 'hex'],
  parentSpanId: [4, 'hex'],
  name: [5, 'string'],
  kind: [6, 'enum'],
  startTimeUnixNano: [7, 'fixed64'],
  endTimeUnixNano: [8, 'fixed64'],
  attributes: [9, ATTRIBUTE],
  status: [15, { code: [3, 'enum'] }],
}
const SCOPE_SPANS: Message = { scope: [1, { name: [1, 'string'] }], spans: [2, SPAN] }
const REQUEST: Message = { resourceSpans: [1, { resource: [1, { attributes: [1, ATTRIBUTE] }], scopeSpans: [2, SCOPE_SPANS] }] }

export function toProtobuf(request: object): Uint8Array<ArrayBuffer> {
  return write(new BinaryWriter(), REQUEST, request).finish()
}

function write(writer: BinaryWriter, message: Message, values: object): BinaryWriter {
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    const [number, type] = message[name]!
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (type === 'enum') writer.tag(number, WireType.Varint).int32(each as number)
      else if (type === 'int64') writer.tag(number, WireType.Varint).int64(each as string)
      else if (type === 'fixed64') writer.tag(number, WireType.Bit64).fixed64(each as string)
      else if (type === 'string') writer.tag(number, WireType.LengthDelimited).string(each as string)
      else if (type === 'hex') writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(each as string, 'hex'))
      else write(writer.tag(number, WireType.LengthDelimited).fork(), type, each as object).join()
    }
  }
  return writer
}
