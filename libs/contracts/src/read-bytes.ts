import { HmsError } from './problem.js'

/**
 * A whole body, as long as it has at most `maxBytes` after decompression. Throws `HMS_HTTP_ANSWER_OVERSIZED` at the first chunk beyond,
 * which cancels the source: a server, or somebody in its place, must not decide how much memory a reader takes.
 */
export async function readBytes(chunks: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of chunks ?? []) {
    size += part.length
    if (size > maxBytes) throw new HmsError('HMS_HTTP_ANSWER_OVERSIZED', `The answer is larger than ${maxBytes} bytes.`, { status: 502 })
    parts.push(part)
  }
  return joined(parts, size)
}

/** The same as text, in UTF-8. */
export async function readText(chunks: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(chunks, maxBytes))
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
