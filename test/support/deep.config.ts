/** `npm run test:deep` sets it: what is measured takes its whole time then, and a sample of it otherwise. */
export const deep = process.env['HMS_TEST_DEEP'] === 'yes'
