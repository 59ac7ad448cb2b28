import base from './stryker.config.mjs'
export default { ...base, vitest: { ...base.vitest, configFile: 'test/stryker/sample.config.mjs' } }
