/** Run whose canary has a region that another run waits for. */
export interface RegionHolder {
  run: number
  scopeName: string
}

/** Returns `waits for run #183, which occupies National Capital Region until its bake ends`. */
export function describeHolder({ run, scopeName }: RegionHolder): string {
  return `waits for run #${run}, which occupies ${scopeName} until its bake ends`
}

export function isSameHolder(a: RegionHolder | null = null, b: RegionHolder | null = null): boolean {
  return a?.run === b?.run && a?.scopeName === b?.scopeName
}
