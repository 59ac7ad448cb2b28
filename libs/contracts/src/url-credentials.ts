/** Returns a rejected URL for display, even if malformed: possible user name, password, query and fragment are removed. */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@').replace(/[?#].*$/s, '?***')
}

/** Masks user name and password of URLs in any text. */
export function maskCredentials(text: string): string {
  return text.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>@]*(?:@[^\s/?#"'<>@]*)*@/gi, '$1***@')
}
