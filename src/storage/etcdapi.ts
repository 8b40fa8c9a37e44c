// The calls of etcd's v3 API that a Store needs, with the field numbers of its rpc.proto and kv.proto
// (go.etcd.io/etcd api/etcdserverpb, api/mvccpb): they are the same in 3.4, 3.5 and 3.6.
import {
  bytes,
  defineMessage,
  flag,
  integer,
  type Message,
  message,
  messages,
  type Read,
  text,
} from '../protobuf/message.ts'

/** Identifiers use all 64 bits and are rounded here: they still tell one cluster from another. */
const header = defineMessage({ clusterID: integer(1), revision: integer(3) })

const keyValue = defineMessage({
  key: bytes(1),
  createRevision: integer(2),
  modRevision: integer(3),
  version: integer(4),
  value: bytes(5),
})
export type KeyValue = Read<typeof keyValue>

const rangeRequest = defineMessage({
  key: bytes(1),
  rangeEnd: bytes(2),
  limit: integer(3),
  revision: integer(4),
  keysOnly: flag(8),
  countOnly: flag(9),
})
const rangeResponse = defineMessage({
  header: message(1, header),
  kvs: messages(2, keyValue),
  count: integer(4),
})

const putRequest = defineMessage({ key: bytes(1), value: bytes(2) })
const deleteRangeRequest = defineMessage({ key: bytes(1) })
const requestOp = defineMessage({
  range: message(1, rangeRequest),
  put: message(2, putRequest),
  deleteRange: message(3, deleteRangeRequest),
})
const responseOp = defineMessage({ range: message(1, rangeResponse) })

/** Whether a number of the key equals: only equality is asked, whose code is 0. */
const compare = defineMessage({
  target: integer(2),
  key: bytes(3),
  version: integer(4),
  modRevision: integer(6),
})
export const compareTarget = { version: 0, modRevision: 2 } as const

const txnRequest = defineMessage({
  compare: messages(1, compare),
  success: messages(2, requestOp),
  failure: messages(3, requestOp),
})
const txnResponse = defineMessage({
  header: message(1, header),
  succeeded: flag(2),
  responses: messages(3, responseOp),
})

const compactionRequest = defineMessage({ revision: integer(1) })
const compactionResponse = defineMessage({ header: message(1, header) })

const watchCreateRequest = defineMessage({
  key: bytes(1),
  rangeEnd: bytes(2),
  startRevision: integer(3),
  prevKV: flag(6),
  fragment: flag(8),
})
const watchRequest = defineMessage({ create: message(1, watchCreateRequest) })
const event = defineMessage({ type: integer(1), kv: message(2, keyValue), prevKV: message(3, keyValue) })
export const eventType = { put: 0, delete: 1 } as const
export type WatchedEvent = Read<typeof event>
const watchResponse = defineMessage({
  header: message(1, header),
  created: flag(3),
  canceled: flag(4),
  compactRevision: integer(5),
  cancelReason: text(6),
  fragment: flag(7),
  events: messages(11, event),
})

const authenticateRequest = defineMessage({ name: text(1), password: text(2) })
const authenticateResponse = defineMessage({ header: message(1, header), token: text(2) })

/** A remote procedure: where it is and what it takes and gives. */
export interface EtcdMethod<Input, Output> {
  readonly path: string
  readonly request: Message<Input, unknown>
  readonly response: Message<never, Output>
}

const method = <Request, Response>(path: string, request: Request, response: Response) => ({
  path: `/etcdserverpb.${path}`,
  request,
  response,
})

export const etcdAPI = {
  range: method('KV/Range', rangeRequest, rangeResponse),
  txn: method('KV/Txn', txnRequest, txnResponse),
  compact: method('KV/Compact', compactionRequest, compactionResponse),
  authenticate: method('Auth/Authenticate', authenticateRequest, authenticateResponse),
  watch: method('Watch/Watch', watchRequest, watchResponse),
} as const
