/** Settings of whoever runs the tests must not leak into what is tested. */
export function cleanEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => !name.startsWith('HMS_') && value !== undefined),
  ) as Record<string, string>
}
