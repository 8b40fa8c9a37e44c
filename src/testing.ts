// The door `futago/testing`: a cluster for test suites.
export type { User } from './apiserver/registry/registry.ts'
export { WaitTimeout } from './client/waitfor.ts'
export {
  type AppliedObject,
  type ListSelection,
  TestCluster,
  type TestClusterOptions,
  type WaitOptions,
} from './cluster/testcluster.ts'
export type { JumpingClock } from './component/clock.ts'
export type { StoreSnapshot } from './storage/snapshot.ts'
