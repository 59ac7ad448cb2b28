export { framedSocket } from './framed-socket.js'
