import { DefaultQueryExecutor } from 'kysely'

/** Runs work and answers the texts of the statements of this process meanwhile, in order. */
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
  return statements
}
