export { framedSocket } from './framed-socket.js'
export { isFault } from './is-fault.js'
export { PartitionReader, type FetchedMessage, type FetchedPart, type ReadingCluster } from './partition-reader.js'
