import { concatBytes } from './bytes/node.js'
import { HmsError } from './problem.js'

/** Reads a body of at most `maxBytes` after decompression; cancels a longer one, and throws `HMS_HTTP_ANSWER_OVERSIZED`. */
export async function readBytes(chunks: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of chunks ?? []) {
    size += part.length
    // guard: answer-bytes
    if (size > maxBytes) throw new HmsError('HMS_HTTP_ANSWER_OVERSIZED', `The answer is larger than ${maxBytes} bytes.`, { status: 502 })
    parts.push(part)
  }
  return concatBytes(parts)
}

/** Reads a whole body as UTF-8 text. Bound and error as in `readBytes`. */
export async function readText(chunks: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(chunks, maxBytes))
}
