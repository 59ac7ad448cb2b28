import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerProblems, silentLogger } from '#libs/platform'
import { takeForms } from './take-forms.js'

let server: FastifyInstance
beforeAll(async () => {
  server = Fastify()
  answerProblems(server, silentLogger)
  takeForms(server, (scope) => void scope.post('/form', async (request) => ({ fields: [...(request.body as FormData).keys()].length })))
  await server.ready()
})
afterAll(() => server.close())

const send = (type: string, payload: string) => server.inject({ method: 'POST', url: '/form', headers: { 'content-type': type }, payload })
const plain = 'application/x-www-form-urlencoded'
const parts = (count: number, boundary: string): string =>
  Array.from({ length: count }, (_, n) => `--${boundary}\r\ncontent-disposition: form-data; name="f${n}"\r\n\r\nx\r\n`).join('') +
  `--${boundary}--\r\n`

it('takes a file for each policy of a run', async () => {
  expect((await send(plain, 'a=1&b=2')).json()).toEqual({ fields: 2 })
  expect((await send('multipart/form-data; boundary=xyz', parts(250, 'xyz'))).json()).toEqual({ fields: 250 })
  expect((await send('multipart/form-data; boundary="x y"', parts(2, 'x y'))).json()).toEqual({ fields: 2 })
})

it.each([
  ['empty fields', plain, '&'.repeat(1_000_000)],
  ['fields', plain, 'a&'.repeat(500_000)],
  ['fields with values', `${plain};charset=utf-8`, 'a=b&'.repeat(250_000)],
  ['parts', 'multipart/form-data; boundary=x', parts(10_000, 'x')],
  ['parts of nothing', 'multipart/form-data; boundary=x', '--x\r\n\r\n'.repeat(100_000)],
  ['parts with another spelling of their type', 'Multipart/Form-Data; BOUNDARY="x"', parts(10_000, 'x')],
])('refuses a form of more %s than any has, before it is parsed', async (_what, type, payload) => {
  const before = performance.now()
  const { statusCode, body } = await send(type, payload)
  expect([statusCode, body]).toEqual([413, expect.stringContaining('HMS_HTTP_BODY_TOO_LARGE')])
  expect(performance.now() - before).toBeLessThan(500)
})
