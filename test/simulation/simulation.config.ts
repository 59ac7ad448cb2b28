/** Number of seeds that are played, or the only seed; set by the developer. */
export const seedCount = Number(process.env['HMS_TEST_SEEDS'] ?? 300)
export const onlySeed = process.env['SEED'] === undefined ? undefined : Number(process.env['SEED'])
