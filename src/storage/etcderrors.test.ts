import { expect, test } from 'vitest'
import { GRPCError, grpcCode } from '../grpc/channel.ts'
import { fromEtcd, isPassing } from './etcderrors.ts'
import type { StoreErrorCode } from './store.ts'

test.each<[string, StoreErrorCode]>([
  ['etcdserver: mvcc: required revision has been compacted', 'Compacted'],
  ['etcdserver: mvcc: required revision is a future revision', 'FutureRevision'],
  ['etcdserver: mvcc: database space exceeded', 'NoSpace'],
  ['etcdserver: request is too large', 'InvalidWrite'],
  ['etcdserver: too many operations in txn request', 'InvalidWrite'],
  ['grpc: received message larger than max (3000000 vs. 2097152)', 'InvalidWrite'],
  ['etcdserver: corrupt cluster', 'Corrupt'],
  ['etcdserver: too many requests', 'Unavailable'],
  ['etcdserver: permission denied', 'Unavailable'],
])('%s is %s', (detail, code) => {
  const error = fromEtcd(new GRPCError(grpcCode.unknown, detail), 'list /a')
  expect(error.code).toBe(code)
  expect(error.message).toBe(`Cannot list /a: ${detail}`)
})

test('Another try is worth it when a member is away or has lost the others', () => {
  expect(isPassing(new GRPCError(grpcCode.unavailable, 'etcdserver: no leader'))).toBe(true)
  expect(isPassing(new GRPCError(grpcCode.deadlineExceeded, 'context deadline exceeded'))).toBe(true)
  expect(isPassing(new GRPCError(grpcCode.resourceExhausted, 'etcdserver: too many requests'))).toBe(false)
})
