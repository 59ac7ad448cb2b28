import type { PlanInput } from '#libs/client'
import type { SignFlags } from '../keys/key-folder.js'
import { isPolicyRef } from '../policies/policy-ref.js'

/** Flags of `approve` as written. */
export interface ApproveFlags extends SignFlags {
  canary?: string
  scope?: string
  observe?: string
  bake?: string
  partners?: string
  fallback?: string[]
  metric?: string[]
  ramp?: string
  author?: string
  authorFromGit?: boolean
  reason?: string
  expectDigest?: string
  queue?: boolean
  supersede?: boolean
  watch?: boolean
}

/** Returns the signed part of the flags. */
export function planInputOf(flags: ApproveFlags): PlanInput {
  return {
    canary: flags.canary,
    scope: flags.scope,
    observe: flags.observe,
    bake: flags.bake,
    partners: flags.partners
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    fallbacks: flags.fallback,
    metrics: flags.metric,
    ramp: flags.ramp,
  }
}

/**
 * Separates values of `--fallback` and `--metric` from files: both flags take several values, so they swallow a file behind them. A value
 * that is no ID@VERSION or NAME=QUERY is a file.
 */
export function separateFallbacks(files: readonly string[], flags: ApproveFlags): { files: string[]; flags: ApproveFlags } {
  const given = (flags.fallback ?? []).flatMap((value) => value.split(','))
  const fallback = given.filter(isPolicyRef)
  const metric = flags.metric?.filter(isMetric)
  return {
    files: [...files, ...given.filter((value) => !isPolicyRef(value)), ...(flags.metric ?? []).filter((value) => !isMetric(value))],
    flags: { ...flags, fallback: fallback.length === 0 ? undefined : fallback, metric },
  }
}

function isMetric(value: string): boolean {
  return value.includes('=')
}
