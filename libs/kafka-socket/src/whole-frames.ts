/** Each response of a broker has its length before it, four bytes, and begins with the number of its request, four more. */
const LENGTH_BYTES = 4
const LEAST_LENGTH = 4
/** No answer that is asked for comes near it; what says more is no broker's answer. */
const MOST_LENGTH = 128 * 1024 * 1024

/**
 * Takes bytes as they come and hands on whole responses only, those that came together in one piece, in order. `refuse` hears of a length
 * that no response has, once; nothing is handed on after that.
 */
export function wholeFrames(deliver: (frames: Buffer) => void, refuse: (error: Error) => void): (chunk: Buffer) => void {
  let held: Buffer[] = []
  let size = 0
  let needed = LENGTH_BYTES
  let refused = false
  return (chunk) => {
    if (refused) return
    held.push(chunk)
    size += chunk.length
    if (size < needed) return
    const bytes = held.length === 1 ? chunk : Buffer.concat(held, size)
    let end = 0
    needed = LENGTH_BYTES
    while (bytes.length - end >= LENGTH_BYTES) {
      const length = bytes.readInt32BE(end)
      if (length < LEAST_LENGTH || length > MOST_LENGTH) {
        refused = true
        return refuse(new RangeError(`a broker does not answer with ${length} bytes`))
      }
      if (bytes.length - end < LENGTH_BYTES + length) {
        needed = LENGTH_BYTES + length
        break
      }
      end += LENGTH_BYTES + length
    }
    held = [bytes.subarray(end)]
    size = bytes.length - end
    if (end > 0) deliver(bytes.subarray(0, end))
  }
}
