import type { ConfigDocument, StreamFrame } from '#libs/contracts'

/** Serialized values that many frames share: a document goes to readers of all policies, and to each subset of a few. */
const texts = new WeakMap<object, string>()

/** Serializes a frame as JSON; an empty one has neither `changes` nor `documents`. */
export function frameText({ changes, documents, freshness, standing, ...frame }: StreamFrame): string {
  const isFull = frame.type === 'snapshot' || frame.type === 'change'
  const plain = Object.entries({ ...frame, ...(isFull ? { changes } : {}) }).filter(([, value]) => value !== undefined)
  const members = plain.map(([name, value]) => `"${name}":${JSON.stringify(value)}`)
  if (isFull) members.push(`"documents":[${documents.map(textOf).join()}]`)
  if (freshness !== undefined) members.push(`"freshness":${textOf(freshness)}`)
  if (standing !== undefined) members.push(`"standing":{${Object.entries(standing).map(([id, proof]) => `"${id}":${textOf(proof)}`)}}`)
  return `{${members.join()}}`
}

/** Returns the size in bytes of a document in a frame. */
export function bytesOf(document: ConfigDocument): number {
  return Buffer.byteLength(textOf(document))
}

function textOf(value: object): string {
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = JSON.stringify(value)
  texts.set(value, text)
  return text
}
