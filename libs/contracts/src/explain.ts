/** `ACK_TIMEOUT: 3 of 5 bots acknowledged`: why something stopped. A detail that begins with its reason says it once. */
export function explain(reason: string, detail = '', separator = ': '): string {
  if (detail === '') return reason
  return detail === reason || detail.startsWith(`${reason}:`) ? detail : reason + separator + detail
}
