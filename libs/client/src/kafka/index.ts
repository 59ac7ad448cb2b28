export { followPolicies, type FollowOptions, type HmsFollower } from './follow-policies.js'
export type { BrokerOptions } from './kafka.config.js'
