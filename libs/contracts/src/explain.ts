/** Returns why something stopped: `ACK_TIMEOUT: 3 of 5 bots acknowledged`. A detail that begins with its reason is not prefixed again. */
export function explain(reason: string, detail = '', separator = ': '): string {
  if (detail === '') return reason
  return detail === reason || detail.startsWith(`${reason}:`) ? detail : reason + separator + detail
}
