import { type Cluster, type ClusterOptions, makeCluster } from '../../scripts/cluster.ts'
import { findBinaries } from '../../scripts/postgres.ts'
import { type ChildStore, openChildStore } from './store.ts'

/* A PostgreSQL server of a test's own, whose end disturbs nobody else. */

/** Why none can be had here, or false. */
export function noCluster(): string | false {
  if (process.platform !== 'linux') return 'the processes of a PostgreSQL server are found by /proc, which is Linux'
  return findBinaries() === null && 'the programs of PostgreSQL are not installed here'
}

export async function withCluster<T>(
  options: Omit<ClusterOptions, 'binaries'>,
  use: (store: ChildStore, cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await makeCluster({ binaries: findBinaries()!, ...options })
  try {
    const store = await openChildStore('server', undefined, cluster.url)
    const result = await use(store, cluster)
    await store.remove()
    return result
  } finally {
    await cluster.remove()
  }
}
