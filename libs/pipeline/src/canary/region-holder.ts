/** Run whose canary has a region that another run waits for. */
export interface RegionHolder {
  run: number
  scopeName: string
}

/** Returns `waits for run #183, whose canary is in National Capital Region`. */
export function describeHolder({ run, scopeName }: RegionHolder): string {
  return `waits for run #${run}, whose canary is in ${scopeName}`
}

export function isSameHolder(a: RegionHolder | null = null, b: RegionHolder | null = null): boolean {
  return a?.run === b?.run && a?.scopeName === b?.scopeName
}
