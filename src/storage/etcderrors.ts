// What etcd and the way to it report, in the Store's terms. Texts are those of etcd's v3rpc/rpctypes; where
// they are not known, nothing is promised: `Unavailable`.
import { GRPCError, grpcCode } from '../grpc/channel.ts'
import { ProtobufError } from '../protobuf/reader.ts'
import { StoreError, type StoreErrorCode } from './store.ts'

const texts: readonly (readonly [RegExp, StoreErrorCode])[] = [
  [/required revision has been compacted/, 'Compacted'],
  [/required revision is a future revision/, 'FutureRevision'],
  [/database space exceeded|no space/, 'NoSpace'],
  [/request is too large|too many operations in txn|received message larger than max/, 'InvalidWrite'],
  [/key is not provided|duplicate key given/, 'InvalidWrite'],
  [/corrupt cluster/, 'Corrupt'],
]

/** What etcd said to an attempt to `action`. */
export function fromEtcd(error: GRPCError, action: string): StoreError {
  const code = texts.find(([text]) => text.test(error.detail))?.[1] ?? 'Unavailable'
  return new StoreError(code, `Cannot ${action}: ${error.detail}`, { cause: error })
}

/** Of errors: with another code, or when the answer cannot be read, etcd may have done what it was asked. */
const refusals: ReadonlySet<number> = new Set([
  grpcCode.invalidArgument,
  grpcCode.notFound,
  grpcCode.permissionDenied,
  grpcCode.resourceExhausted,
  grpcCode.failedPrecondition,
  grpcCode.outOfRange,
  grpcCode.unimplemented,
  grpcCode.unauthenticated,
])

/**
 * The call may have had its effect, or may yet have it. The write that fills the database is done and refused
 * all the same (etcd's server/etcdserver/apply.go, quotaApplierV3), in the words of those that are not done.
 */
export function mayHaveHappened(error: unknown): boolean {
  if (error instanceof ProtobufError) return true
  if (error instanceof GRPCError && /database space exceeded/.test(error.detail)) return true
  return error instanceof GRPCError && !error.isUnsent && !refusals.has(error.code)
}

/** Another try, perhaps with another member, can succeed. */
export const isPassing = ({ code }: GRPCError): boolean =>
  code === grpcCode.unavailable || code === grpcCode.deadlineExceeded
