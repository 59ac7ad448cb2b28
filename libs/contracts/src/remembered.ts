/** Returns the value of the key in `known`; a new one is made and added. At most `max` values are kept: the oldest one is dropped. */
export function remembered<K, V extends {}>(known: Map<K, V>, max: number, key: K, make: () => V): V {
  const found = known.get(key)
  if (found !== undefined) return found
  const made = make()
  if (known.size >= max) known.delete(known.keys().next().value!)
  known.set(key, made)
  return made
}
