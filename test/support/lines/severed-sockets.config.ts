import { deep } from '../deep.config.js'

const env = process.env

/** Minutes in the deep tests, a sample otherwise. */
export const SECONDS = Number(env['HMS_TEST_SEVERED_SECONDS'] ?? (deep ? 240 : 12))
export const READERS = deep ? 8 : 4
export const READS = deep ? 10_000 : 500
/** What is asked of a machine that has nothing else to do; else there may be a dozen other processes on it. */
export const SAME_WITHIN_MS = deep ? 5_000 : 60_000
export const SEED = Number(env['HMS_TEST_SEVERED_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
