import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { AddBotOptions } from './bots.js'
import type { AddCorpusOptions } from './corpora.js'

/** Registers the inputs of lint and simulation. A known id is replaced. */
export function registerReplay(program: Command, session: Session): void {
  const bots = program.command('bots').description('bots that replay runs')
  bots
    .command('add <file>')
    .description('register an ES module')
    .requiredOption('--id <id>', 'name of the bot')
    .option('--critical', 'this bot must adapt, whatever the others do')
    .action(
      session.run(async (context, file: string, options: AddBotOptions) => {
        const { addBot } = await import('./bots.js')
        return addBot(context, file, options)
      }),
    )
  bots
    .command('list')
    .description('registered bots')
    .action(session.run(async (context) => (await import('./bots.js')).listBots(context)))

  const scenarios = program.command('scenarios').description('what a right bot does')
  scenarios
    .command('add <file>')
    .description('register a scenario')
    .action(session.run(async (context, file: string) => (await import('./scenarios.js')).addScenario(context, file)))
  scenarios
    .command('list')
    .description('registered scenarios')
    .action(session.run(async (context) => (await import('./scenarios.js')).listScenarios(context)))

  registerDataSets(program, session)
}

function registerDataSets(program: Command, session: Session): void {
  const corpora = program.command('corpora').description('readings that replay feeds to bots')
  corpora
    .command('add <file>')
    .description('register CSV or JSON Lines')
    .requiredOption('--id <id>', 'name of the corpus')
    .option('--map <field=column,...>', 'fields of a reading by the column they stand in')
    .action(
      session.run(async (context, file: string, options: AddCorpusOptions) => {
        const { addCorpus } = await import('./corpora.js')
        return addCorpus(context, file, options)
      }),
    )
  corpora
    .command('list')
    .description('registered corpora')
    .action(session.run(async (context) => (await import('./corpora.js')).listCorpora(context)))

  const schemas = program.command('schemas').description('JSON Schemas for the data of policies')
  schemas
    .command('add <file>')
    .description('register a schema')
    .requiredOption('--name <name>', 'what policies call it')
    .action(
      session.run(async (context, file: string, options: { name: string }) => {
        const { addSchema } = await import('./schemas.js')
        return addSchema(context, file, options)
      }),
    )
  schemas
    .command('list')
    .description('registered schemas')
    .action(session.run(async (context) => (await import('./schemas.js')).listSchemas(context)))
}
