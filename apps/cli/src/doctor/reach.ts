import { connect } from 'node:net'
import { ok, wrong, type Check } from './check.js'

const CONNECT_MS = 2_000

/** Whether a TCP server accepts connections there. */
export function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS })
    const end = (open: boolean) => (): void => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false))
  })
}

/** Checks the addresses in the environment besides the services: if no service responds, or as their dependencies. */
export async function checkNamedParts(lookup: (name: string) => string | undefined): Promise<Check[]> {
  const database = lookup('HMS_DATABASE_URL')
  const brokers = lookup('HMS_KAFKA_BROKERS')
  const checks: Check[] = []
  if (database !== undefined) checks.push(await checkDatabase(database))
  for (const broker of brokers?.split(',') ?? []) checks.push(await checkBroker(broker.trim()))
  return checks
}

async function checkDatabase(url: string): Promise<Check> {
  if (!URL.canParse(url)) return wrong('database', 'HMS_DATABASE_URL is no URL', 'hms-svc help environment')
  const { hostname, port } = new URL(url)
  const place = `${hostname}:${port || '5432'}`
  if (await isOpen(hostname, Number(port || '5432'))) return ok('database', `${place} takes connections`)
  return wrong('database', `no connection to ${place}`, `pg_isready -h ${hostname} -p ${port || '5432'}`)
}

async function checkBroker(broker: string): Promise<Check> {
  const [host = '', port = ''] = broker.split(/:(?=\d+$)/)
  if (await isOpen(host, Number(port))) return ok('broker', `${broker} takes connections`)
  return wrong('broker', `no connection to ${broker}`, 'hms-svc topics diff')
}
