import base from './stryker.config.mjs'
export default { ...base, dryRunTimeoutMinutes: 240, ignorePatterns: ['/.stryker', '/.hms'], vitest: { ...base.vitest, configFile: 'test/stryker/survey.config.mjs' } }
