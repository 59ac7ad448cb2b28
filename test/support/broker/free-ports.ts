import { createServer, type Server } from 'node:net'

/** So many ports that differ: all are held open until all are known. The first is `wanted`, where it is not 0. */
export async function freePorts(count: number, wanted = 0): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(servers.map((server, at) => listening(server, at === 0 ? wanted : 0)))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(address && typeof address === 'object' ? address.port : 0)
    })
  })
}
