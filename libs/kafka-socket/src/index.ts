export { framedSocket } from './framed-socket.js'
export { isFault } from './is-fault.js'
export { PartitionReader, type ReadingCluster } from './partition-reader.js'
