export * from './answers.js'
export * from './flag-book.js'
export * from './read-context.js'
export * from './refetch-feed.js'
