import { expect, test } from 'vitest'
import { GRPCError, grpcCode } from '../grpc/channel.ts'
import { ProtobufError } from '../protobuf/reader.ts'
import { fromEtcd, isPassing, mayHaveHappened } from './etcderrors.ts'
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

test.each<[string, unknown, boolean]>([
  ['a lost connection', new GRPCError(grpcCode.unavailable, 'the connection was closed'), true],
  ['a server that never had it', new GRPCError(grpcCode.unavailable, 'connect ECONNREFUSED', true), false],
  ['a cancelled call', new GRPCError(1, 'context canceled'), true],
  [
    'a full database',
    new GRPCError(grpcCode.resourceExhausted, 'etcdserver: mvcc: database space exceeded'),
    true,
  ],
  [
    'a request that is too large',
    new GRPCError(grpcCode.invalidArgument, 'etcdserver: request is too large'),
    false,
  ],
  ['an answer that cannot be read', new ProtobufError('it ends within a field'), true],
  ['a certificate that cannot be read', new Error('ENOENT'), false],
])('Whether a write may have happened after %s is told', (_, error, expected) => {
  expect(mayHaveHappened(error)).toBe(expected)
})
