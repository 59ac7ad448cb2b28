/** Run whose canary has a region that another run waits for. */
export interface RegionHolder {
  run: number
  scopeName: string
}

/** Returns `waits for run #183, which has National Capital Region until its bake is over`. */
export function describeHolder({ run, scopeName }: RegionHolder): string {
  return `waits for run #${run}, which has ${scopeName} until its bake is over`
}

export function isSameHolder(a: RegionHolder | null = null, b: RegionHolder | null = null): boolean {
  return a?.run === b?.run && a?.scopeName === b?.scopeName
}
