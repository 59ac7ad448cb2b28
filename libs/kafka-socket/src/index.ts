export { invalid as brokerConfigInvalid, readSasl, readTls } from './broker-login.js'
export { framedSocket } from './framed-socket.js'
export { withLoginErrors } from './login-errors.js'
export { PartitionReader, type ReadingCluster, isFault, isLoginRefused } from './partition-reader.js'
