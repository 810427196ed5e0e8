import { DefaultQueryExecutor } from 'kysely'

/** What the API notes of its own use is stored every few seconds, whatever else is done meanwhile. */
const OF_THE_API = /^(?:insert into|delete from) (?:key_use|deprecated_use|link_asked|refusal)/

/** Runs work and answers the texts of the statements of this process for it, in order. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = []
  const { prototype } = DefaultQueryExecutor
  const execute = prototype.executeQuery
  prototype.executeQuery = function executeQuery<R>(...given: Parameters<typeof execute>) {
    statements.push(given[0].sql.replaceAll(/\s+/g, ' ').trim())
    return execute.apply<DefaultQueryExecutor, Parameters<typeof execute>, ReturnType<typeof execute<R>>>(this, given)
  }
  try {
    await work()
  } finally {
    prototype.executeQuery = execute
  }
  return statements.filter((text) => !OF_THE_API.test(text))
}
