/** Whether PostgreSQL's `jsonb` can store the text: it has no form for NUL nor for half a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
