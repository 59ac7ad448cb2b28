/** Returns the environment without the developer’s settings, which must not leak into the tested processes. */
export function cleanEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => !name.startsWith('HMS_') && value !== undefined),
  ) as Record<string, string>
}
