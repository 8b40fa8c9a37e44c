// The door `futago/testing`: a cluster for test suites.
export { TestCluster, type TestClusterOptions, type WaitOptions } from './cluster/testcluster.ts'
export type { StoreSnapshot } from './storage/snapshot.ts'
