// The floor of a read by HTTP: a bare server that takes a body to its end, parses it, and answers the bytes of the file given.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const body = readFileSync(process.argv[2])
const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk) => (text += chunk))
  request.on('end', () => {
    JSON.parse(text)
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
    response.end(body)
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () => process.stdout.write(`${server.address().port}\n`))
