import base from './vitest.config.mjs'
import { patternsOf } from '../projects.ts'
const quick = { include: ['apps/**/*.spec.ts', 'libs/**/*.spec.ts'], exclude: patternsOf('quick').exclude }
const { projects, ...test } = base.test
export default { ...base, test: { ...test, ...quick, setupFiles: ['reflect-metadata'], isolate: false } }
