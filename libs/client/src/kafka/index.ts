export { followPolicies, type FollowOptions } from './follow-policies.js'
export type { HmsFollower } from './policy-follower.js'
export type { BrokerOptions } from './kafka.config.js'
