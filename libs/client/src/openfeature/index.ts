export { HmsProvider, type HmsProviderOptions } from './hms-provider.js'
