/** Request that the page's script sends once a key is open; embedded in the page as JSON. */
export interface PlacedAct {
  /** `approval`: one signature for each release. `statement`: the signed statement itself. `rollback`: a signed request, sent at once. */
  kind: 'approval' | 'statement' | 'rollback'
  /** Path of the API. */
  path: string
  /** Members sent beside the signatures; for `rollback`, the whole body. */
  body: object
  /** Page that shows what became of it; without it that of the run in the answer, else this page. */
  done?: string
  /** Key ids of people, with their names, by the roster in force. */
  people: Record<string, string>
  /** Names of people whose signature counts for nothing here, with why. */
  mayNot: Record<string, string>
  /** `installation` of the roster: audience of a signed request. */
  audience?: string
}
