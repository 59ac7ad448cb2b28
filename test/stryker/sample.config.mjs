import base from './vitest.config.mjs'
const own = base.test.projects[0]
own.test.exclude.push('libs/signing/src/crypto/adapters.spec.ts')
export default { ...base, test: { ...base.test, projects: [own] } }
