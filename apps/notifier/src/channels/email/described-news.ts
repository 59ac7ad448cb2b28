/** A message in words, before it is text or HTML. Every line is one line. */
export interface DescribedNews {
  subject: string
  headline: string
  sentences: string[]
  /** Heading of `changes`. */
  changesHeading: string
  changes: string[]
  facts: [label: string, value: string][]
}
