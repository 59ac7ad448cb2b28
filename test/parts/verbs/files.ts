import { FORMS } from './forms.js'
import type { Harness } from './harness.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** Files that the table names. */
export async function writeFiles(harness: Harness): Promise<void> {
  const hook = await harness.words.filled('{canned}/hook')
  const nowhere = await harness.words.filled('http://127.0.0.1:{port}/hook')
  const files: Record<string, string> = {
    // Judged, not refused: it says nothing right.
    'wrong.yaml': 'id: epa-pm25-limit\nversion: one\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n',
    'corpus.csv': 'date,region,pm25_ug_m3\n2023-01-06,NCR,3.3\n2023-01-07,NCR,40\n',
    'scenario.yaml':
      'id: limit-kept\npolicies: [epa-pm25-limit]\ncorpus: two-days\nalert: reading.pm25 > double(policy["epa-pm25-limit"].limit)\n',
    'schema.json': '{ "type": "object", "properties": { "limit": { "type": "number" } } }\n',
    'winter.yaml': 'id: winter\nreason: snow\nscope: region:AK\nfrom: 2100-01-01T00:00:00Z\nuntil: 2100-02-01T00:00:00Z\n',
    'here.yaml': partner('here', hook, true),
    'there.yaml': partner('there', hook, true),
    'nowhere.yaml': partner('nowhere', nowhere, true),
    'loopback.yaml': partner('loopback', hook, false),
    'post.yaml': 'id: post\nname: Post\nchannels:\n  - email: { to: air@partner.example }\n',
  }
  for (const form of FORMS)
    files[`freeze-${form}.yaml`] =
      `id: drill-${form}\nreason: a drill\nscope: region:${form}\nfrom: 2100-01-01T00:00:00Z\nuntil: 2100-02-01T00:00:00Z\n`
  for (const [name, text] of Object.entries(files)) harness.write(name, text)
}

/** In the lane in which each message may be sent again. */
function partner(id: string, url: string, isAllowed: boolean): string {
  const networks = isAllowed ? 'networks: [127.0.0.1/32]\n' : ''
  return `id: ${id}\nname: ${id}\nlane: every\nchannels:\n  - webhook: { url: "${url}", secret: "${SECRET}" }\n${networks}`
}
