// What a gRPC call ends with when it does not end well (grpc/doc/statuscodes.md).

/** The status codes that callers tell apart. */
export const grpcCode = {
  ok: 0,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

const codeNames: Readonly<Record<number, string>> = {
  1: 'Canceled',
  2: 'Unknown',
  3: 'InvalidArgument',
  4: 'DeadlineExceeded',
  5: 'NotFound',
  6: 'AlreadyExists',
  7: 'PermissionDenied',
  8: 'ResourceExhausted',
  9: 'FailedPrecondition',
  10: 'Aborted',
  11: 'OutOfRange',
  12: 'Unimplemented',
  13: 'Internal',
  14: 'Unavailable',
  15: 'DataLoss',
  16: 'Unauthenticated',
}

/** What a server answered instead of a message, worded as Kubernetes' own clients word it. */
export class GRPCError extends Error {
  readonly code: number
  /** The server's own words. */
  readonly detail: string
  /** The server has certainly not begun with it. */
  readonly isUnsent: boolean

  constructor(code: number, detail: string, isUnsent = false) {
    super(`rpc error: code = ${codeNames[code] ?? code} desc = ${detail}`)
    this.name = 'GRPCError'
    this.code = code
    this.detail = detail
    this.isUnsent = isUnsent
  }
}
