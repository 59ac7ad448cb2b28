export { framedSocket } from './framed-socket.js'
export { PartitionReader, type ReadingCluster, isFault } from './partition-reader.js'
