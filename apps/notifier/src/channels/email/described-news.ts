/** Message in words, before it is rendered as text or HTML. Every string is one line. */
export interface DescribedNews {
  subject: string
  headline: string
  sentences: string[]
  /** Heading of `changes`. */
  changesHeading: string
  changes: string[]
  facts: [label: string, value: string][]
}
