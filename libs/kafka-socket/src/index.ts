export { invalid as brokerConfigInvalid, readSasl, readTls } from './broker-login.js'
export { framedSocket } from './framed-socket.js'
export { withLoginErrors } from './login-errors.js'
export { PartitionReader, type FetchedPart, type ReadingCluster, type ReadPosition, isFault, isLoginRefused } from './partition-reader.js'
