import { readFileSync } from 'node:fs'

/** What `docs/errors.md` says of a code: the page that `type` of a problem points to. `undefined` for a code that is not ours. */
export function errorPage(code: string): string | undefined {
  if (!/^HMS_[A-Z0-9_]{1,80}$/.test(code)) return undefined
  rows ??= readRows()
  const row = rows.get(code)
  return row === undefined ? undefined : `${code}\n\n${row}\n`
}

let rows: Map<string, string> | undefined

/** Lines of the lists: "- `CODE` (status): meaning → next step". Sources and `dist` lie at different depths below the folder of `docs`. */
function readRows(): Map<string, string> {
  const root = import.meta.url.endsWith('.ts') ? '../../../../' : '../../../../../'
  const text = readFileSync(new URL(`${root}docs/errors.md`, import.meta.url), 'utf8')
  const found = [...text.matchAll(/^- `(HMS_[A-Z0-9_]+)` (.*)$/gm)]
  return new Map(found.map(([, code, said]) => [code!, said!.replaceAll('`', '')]))
}
