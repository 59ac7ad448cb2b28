/**
 * An address that was refused, fit to be repeated: what may be a user name, password, query or fragment is left out, however malformed it
 * is.
 */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@').replace(/[?#].*$/s, '?***')
}

/** Any text in which an address with user name or password may stand. */
export function maskCredentials(text: string): string {
  return text.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>@]*(?:@[^\s/?#"'<>@]*)*@/gi, '$1***@')
}
