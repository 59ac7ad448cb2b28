/** Profile of V8's sampling profiler, as `Profiler.stop` returns it. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

/** What a frame's time counts for. A frame without a line here counts for its caller. */
const KINDS: [string, (frame: { functionName: string; url: string }) => boolean][] = [
  ['garbage collection', ({ functionName }) => functionName === '(garbage collector)'],
  ['native code and system calls outside JavaScript', ({ functionName }) => functionName === '(program)'],
  ['writing to sockets', ({ functionName }) => /^(writev|write(Buffer|Latin1String|Utf8String))$/.test(functionName)],
  ['signing and verifying', ({ functionName, url }) => url === 'node:internal/crypto/sig' || /^(sign|verify)OneShot$/.test(functionName)],
  ['canonical JSON', ({ url }) => url.includes('canonical-json')],
  ['driver of PostgreSQL', ({ url }) => /node_modules\/pg|postgres-(database|documents)|statement-batch/.test(url)],
  ['kafkajs', ({ url }) => /kafkajs|kafka-socket/.test(url)],
  ['Nest and Fastify', ({ url }) => /node_modules\/(@nestjs|fastify|@fastify|find-my-way|rxjs|reflect-metadata|class-)/.test(url)],
  ['logs', ({ url }) => /node_modules\/(pino|sonic-boom)|platform\/src\/log/.test(url)],
  ['validation of event data', ({ url, functionName }) => /node_modules\/ajv/.test(url) || /^validate\d+$/.test(functionName)],
  ['libs/signing', ({ url }) => url.includes('libs/signing')],
  ['libs/messaging', ({ url }) => url.includes('libs/messaging')],
  ['libs/persistence', ({ url }) => url.includes('libs/persistence')],
  ['libs/service, libs/stage, libs/guard', ({ url }) => /libs\/(service|stage|guard)/.test(url)],
  ['other libs', ({ url }) => url.includes('/libs/')],
  ['apps/audit', ({ url }) => url.includes('apps/audit')],
  ['other services', ({ url }) => url.includes('/apps/')],
  ['other packages', ({ url }) => url.includes('node_modules')],
]

/** Shares of the busy time by kind, largest first; together 1. */
export function shareOfProfile({ nodes, samples, timeDeltas }: CpuProfile): [string, number][] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const kinds = new Map<number, string>()
  const kindOf = (id: number | undefined): string => {
    if (id === undefined) return 'Node itself'
    let kind = kinds.get(id)
    if (kind === undefined) {
      const frame = byId.get(id)!.callFrame
      kind = KINDS.find(([, matches]) => matches(frame))?.[0] ?? kindOf(parents.get(id))
      kinds.set(id, kind)
    }
    return kind
  }
  const times = new Map<string, number>()
  let busy = 0
  for (const [index, id] of samples.entries()) {
    if (byId.get(id)!.callFrame.functionName === '(idle)') continue
    const time = timeDeltas[index] ?? 0
    busy += time
    times.set(kindOf(id), (times.get(kindOf(id)) ?? 0) + time)
  }
  return [...times].map(([name, time]): [string, number] => [name, time / busy]).sort((a, b) => b[1] - a[1])
}
