/** As the formatter has it for code, with a comma. */
const WIDTH = 139

/** JSON text with short objects and lists on one line, so that a change shows as few lines. */
export function printJson(value: unknown, indent = '', before = 0): string {
  const flat = JSON.stringify(value)
  if (typeof value !== 'object' || value === null || indent.length + before + flat.length <= WIDTH) return flat
  const inner = `${indent}  `
  const parts = Array.isArray(value)
    ? value.map((item) => `${inner}${printJson(item, inner)}`)
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([name, item]) => `${inner}${JSON.stringify(name)}: ${printJson(item, inner, name.length + 4)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`
}
