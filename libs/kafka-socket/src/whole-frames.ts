/** Each response of a broker starts with its length, four bytes, and its request's number, four more. */
const LENGTH_BYTES = 4
const LEAST_LENGTH = 4
/** Above every requested response; a larger length is not from a broker. */
const MOST_LENGTH = 128 * 1024 * 1024

/**
 * Reassembles responses from received bytes and passes on complete ones only, those that arrived together in one piece, in order. `refuse`
 * is called once for an invalid length; nothing is passed on afterwards.
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
