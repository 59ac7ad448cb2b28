/** One element of DER: its tag, its content, and what follows it. */
export interface Element {
  tag: number
  content: Uint8Array
  rest: Uint8Array
}

/** Reads the first element; `undefined` for what is cut off or longer than any key file. */
export function readElement(bytes: Uint8Array): Element | undefined {
  const [tag, short] = bytes
  if (tag === undefined || short === undefined) return undefined
  const extra = short < 0x80 ? 0 : short - 0x80
  if (extra > 2 || bytes.length < 2 + extra) return undefined
  const length = extra === 0 ? short : bytes.subarray(2, 2 + extra).reduce((sum, byte) => sum * 256 + byte, 0)
  const start = 2 + extra
  if (bytes.length < start + length) return undefined
  return { tag, content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) }
}

/** All elements of a content, in order; `undefined` when it does not divide into elements. */
export function elementsOf(content: Uint8Array): Element[] | undefined {
  const elements: Element[] = []
  for (let rest = content; rest.length > 0;) {
    const element = readElement(rest)
    if (element === undefined) return undefined
    elements.push(element)
    rest = element.rest
  }
  return elements
}

export const TAGS = { integer: 0x02, octets: 0x04, oid: 0x06, sequence: 0x30 } as const

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
