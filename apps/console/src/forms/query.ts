/** Text of a query; what is undefined is left out. */
export function queryOf(values: object): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
}

/** Text that a person wrote into an address, without the white space around it. */
export function textIn(query: URLSearchParams, name: string, most: number): string {
  return (query.get(name) ?? '').trim().slice(0, most)
}
