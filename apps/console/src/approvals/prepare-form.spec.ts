import { VirtualClock } from '#libs/platform/testing'
import Fastify from 'fastify'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { sendPage } from '../layout/page-headers.js'
import { PageMaker } from '../layout/page-maker.js'
import { ApiReader } from '../reading/api-reader.js'
import { addPrepareForm } from './prepare-form.js'

const POLICY = '{"apiVersion":"hms.nist.gov/v1","kind":"Policy"}'

interface Posted {
  status: number
  body: string
  asked: string[]
}

/** What a form with these files comes to, before an approver that says `status` to who asks for nothing; else it prepares. */
function propose(files: readonly string[], status = 400): Promise<Posted> {
  const parts = files.map(
    (text, n) => `--x\r\ncontent-disposition: form-data; name="files"; filename="${n}.yaml"\r\ncontent-type: text/plain\r\n\r\n${text}\r\n`,
  )
  return post({ 'content-type': 'multipart/form-data; boundary=x' }, `${parts.join('')}--x--\r\n`, status)
}

async function post(headers: Record<string, string>, payload: string, status: number): Promise<Posted> {
  const asked: string[] = []
  const approver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      asked.push(`${request.url} ${body}`)
      const answer = { code: `HMS_SAID_${status}`, detail: 'It says so.' }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  }).listen(0, '127.0.0.1')
  await once(approver, 'listening')
  const clock = new VirtualClock()
  const reader = new ApiReader({ urlsOf: () => [`http://127.0.0.1:${(approver.address() as AddressInfo).port}`], clock })
  const assets = { style: '', script: '', icon: '', panes: '', paneFrame: '', sign: '', check: '' }
  const server = Fastify()
  const maker = new PageMaker(reader, assets, clock)
  addPrepareForm(
    server,
    async (_request, reply, content) => sendPage(reply, await maker.show(content, undefined)),
    () => reader.sendAs(undefined, '192.0.2.1'),
  )
  const { statusCode, body } = await server.inject({ method: 'POST', url: '/approvals', headers, payload })
  await server.close()
  approver.close()
  approver.closeAllConnections()
  return { status: statusCode, body, asked }
}

describe('the form of a proposal', () => {
  it.each([401, 403])('reads no policy of a caller who may not propose: %i', async (status) => {
    const { status: answered, body, asked } = await propose(['not: [a policy'], status)
    expect([answered, asked]).toEqual([403, ['/v1/approvals/prepare {}']])
    expect(body).toContain(`HMS_SAID_${status}`)
  })

  it('reads the files of an allowed caller, and reports their errors', async () => {
    const { status, body, asked } = await propose([POLICY, 'not: [a policy'])
    expect([status, asked]).toEqual([422, ['/v1/approvals/prepare {}']])
    expect(body).toContain('1.yaml:1:')
  })

  it('refuses files above the size limit of a run, and sends no request', async () => {
    const { status, body, asked } = await propose(['a'.repeat(170 * 1024), 'b'.repeat(170 * 1024)])
    expect([status, asked]).toEqual([422, []])
    expect(body).toContain('HMS_APPROVER_RUN_TOO_LARGE')
  })

  it.each([401, 409])('leads back to the page of a rollback that is refused: %i', async (status) => {
    const fields = { 'rollback-policy': 'pm25', 'rollback-version': '1.0.0', reason: 'too strict', 'public-reason': '' }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { body } = await post(headers, new URLSearchParams(fields).toString(), status)
    expect(body).toContain('href="/policies/pm25/rollback?to=1.0.0&amp;reason=too+strict&amp;public-reason="')
    expect(body).not.toContain('name="files"')
    expect(body).not.toContain('hms-svc approve FILE')
    expect(body.includes('hms-svc rollback pm25@1.0.0 --reason TEXT --sign NAME')).toBe(status === 401)
  })
})
