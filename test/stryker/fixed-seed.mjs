import { configureGlobal } from 'fast-check'

// With a random seed, a property may notice a mutant in one run and miss it in the next.
configureGlobal({ seed: 1 })
