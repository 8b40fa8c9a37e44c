// What is recorded of one request, from its beginning to its end: facts are collected on the way, and each
// stage becomes one line of JSON, an Event of audit.k8s.io/v1 with its fields in upstream's order
// (k8s.io/apiserver pkg/audit/request.go).
import type { Status } from '../../api/generated/types.ts'
import type { Resource } from '../../api/resource.ts'
import { StatusError } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import type { Answer, CallBody } from '../endpoints/call.ts'
import { listBytes } from '../endpoints/listbytes.ts'
import { mediaTypeOf } from '../negotiation.ts'
import type { User } from '../registry/registry.ts'
import type { RequestInfo } from '../requestinfo.ts'
import type { AuditDecision, AuditStage } from './policy.ts'

export interface AuditedRequest {
  readonly id: string
  readonly info: RequestInfo
  /** Path and query. */
  readonly uri: string
  /** Absent: nobody knows. */
  readonly user: User | undefined
  readonly sourceIPs: readonly string[]
  readonly userAgent: string
}

export interface TrailServices {
  readonly clock: Clock
  /** Gets a line of JSON for each stage that is recorded. */
  readonly write: (line: string) => void
}

const maxUserAgentLength = 1024

/** RFC 3339 with microseconds; `ms` may have a fraction. */
function formatMicros(ms: number): string {
  const whole = Math.floor(ms)
  const micros = Math.floor((ms - whole) * 1000)
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`
}

function userInfo({ name, uid, groups, extra }: User) {
  return { username: name, uid, groups, ...(extra && Object.keys(extra).length > 0 ? { extra } : {}) }
}

/** As text, so that what is JSON already need not be parsed. */
type JSONText = string

function withoutManagedFields(text: JSONText): JSONText {
  if (!text.includes('"managedFields"')) return text
  const value = JSON.parse(text) as { metadata?: object; items?: { metadata?: object }[] }
  for (const object of [value, ...(value.items ?? [])]) {
    if (object.metadata) Object.assign(object.metadata, { managedFields: undefined })
  }
  return JSON.stringify(value)
}

function answerText(resource: Resource, answer: Answer): JSONText {
  if (answer.type === 'value') return JSON.stringify(answer.value)
  const parts = answer.type === 'stored' ? [answer.stored.bytes] : listBytes(resource, answer.list)
  return Buffer.concat(parts).toString().trimEnd()
}

interface Sent {
  readonly contentType: string | undefined
  readonly bytes?: Buffer
  readonly text?: JSONText
}

/** The body as JSON; undefined when it is nothing of the kind. */
async function sentText({ contentType, bytes, text }: Sent): Promise<JSONText | undefined> {
  if (text !== undefined) return text
  if (!bytes || bytes.length === 0) return undefined
  try {
    const type = mediaTypeOf(contentType)
    if (type === 'application/yaml') {
      return JSON.stringify((await import('js-yaml')).load(bytes.toString()))
    }
    if (type.endsWith('protobuf')) {
      const { decodeProtobuf } = await import('../../api/protobufdecode.ts')
      return JSON.stringify(await decodeProtobuf(bytes))
    }
    return JSON.stringify(JSON.parse(bytes.toString()))
  } catch {
    return undefined
  }
}

export class AuditTrail {
  readonly #decision: AuditDecision
  readonly #request: AuditedRequest
  readonly #services: TrailServices
  readonly #receivedMs: number
  readonly #began: number
  readonly #annotations = new Map<string, string>()
  #impersonated: User | undefined
  #sent: Sent | undefined
  #answer: { readonly resource: Resource; readonly answer: Answer } | undefined
  #isStarted = false

  constructor(decision: AuditDecision, request: AuditedRequest, services: TrailServices) {
    this.#decision = decision
    this.#request = request
    this.#services = services
    this.#receivedMs = services.clock.now()
    this.#began = services.clock.monotonic()
  }

  /** The first value of a key stays. */
  annotate(key: string, value: string): void {
    if (!this.#annotations.has(key)) this.#annotations.set(key, value)
  }

  /** On whose behalf the user asks. */
  impersonate(user: User): void {
    this.#impersonated = user
  }

  /** The same body, of which the trail keeps what it needs when somebody reads it. */
  watchBody(body: CallBody): CallBody {
    if (!this.#wantsBody()) return body
    const { contentType, value } = body
    return {
      contentType,
      bytes: async () => {
        const bytes = await body.bytes()
        this.#sent = { contentType, bytes }
        return bytes
      },
      ...(value
        ? {
            value: () => {
              const given = value()
              this.#sent = { contentType, text: JSON.stringify(given) }
              return given
            },
          }
        : {}),
    }
  }

  /** What the endpoint made of the request. */
  answered(resource: Resource, answer: Answer): void {
    this.#answer = { resource, answer }
  }

  received(): void {
    this.#write('RequestReceived', { stageMs: this.#receivedMs })
  }

  /** Only requests that go on tell when their answer begins. */
  started(outcome: number | StatusError): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#write('ResponseStarted', { outcome })
  }

  /** Resolves when it is written; never rejects. */
  async completed(outcome: number | StatusError): Promise<void> {
    const isFull = this.#decision.level === 'Request' || this.#decision.level === 'RequestResponse'
    const answered = this.#nameAnswered()
    const sent = this.#sent && (isFull || !answered) ? await sentText(this.#sent) : undefined
    this.#write('ResponseComplete', {
      outcome,
      name: answered ?? this.#nameIn(sent),
      ...(isFull && sent !== undefined ? { sent } : {}),
      ...(this.#decision.level === 'RequestResponse' ? this.#response(outcome) : {}),
    })
  }

  /** Likewise, when there is no answer but an error. */
  async failed(error: unknown): Promise<void> {
    if (error instanceof StatusError) await this.completed(error)
    else this.#panicked(error)
  }

  /** A fault of the server, not of the request. */
  #panicked(error: unknown): void {
    const message = `APIServer panic'd: ${error instanceof Error ? error.message : String(error)}`
    this.#write('Panic', {
      outcome: new StatusError({ code: 500, reason: 'InternalError', message }),
    })
  }

  #wantsBody(): boolean {
    const { level } = this.#decision
    return level !== 'Metadata' || this.#request.info.verb === 'create'
  }

  /** Of an object that was created, which the path does not name. */
  #nameAnswered(): string | undefined {
    const { name } = this.#request.info
    const answer = this.#answer?.answer
    if (name !== '') return name
    return answer?.type === 'stored' ? answer.stored.name || undefined : undefined
  }

  /** Of an object that was to be created. */
  #nameIn(sent: JSONText | undefined): string | undefined {
    if (this.#request.info.verb !== 'create' || sent === undefined) return undefined
    const name = JSON.parse(sent)?.metadata?.name
    return typeof name === 'string' ? name : undefined
  }

  #response(outcome: number | StatusError): { response?: JSONText } {
    if (outcome instanceof StatusError) return { response: JSON.stringify(outcome.toStatus()) }
    if (!this.#answer) return {}
    return { response: answerText(this.#answer.resource, this.#answer.answer) }
  }

  #objectRef(name: string | undefined) {
    const { info } = this.#request
    if (!info.isResourceRequest) return undefined
    const answer = this.#answer?.answer
    const uid = answer?.type === 'stored' ? answer.stored.uid : ''
    const fields = {
      resource: info.resource,
      namespace: info.namespace,
      name: name ?? info.name,
      uid,
      apiGroup: info.group,
      apiVersion: info.version,
      subresource: info.subresource,
    }
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
  }

  #write(stage: AuditStage, facts: Facts): void {
    if (this.#decision.omitStages.has(stage)) return
    const { clock, write } = this.#services
    const { id, info, uri, user, sourceIPs, userAgent } = this.#request
    const stageMs = facts.stageMs ?? this.#receivedMs + clock.monotonic() - this.#began
    const head = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: this.#decision.level,
      auditID: id,
      stage,
      requestURI: uri,
      verb: info.verb,
      user: user ? userInfo(user) : {},
      ...(this.#impersonated ? { impersonatedUser: userInfo(this.#impersonated) } : {}),
      sourceIPs,
      userAgent:
        userAgent.length > maxUserAgentLength
          ? `${userAgent.slice(0, maxUserAgentLength)}...TRUNCATED`
          : userAgent,
      objectRef: this.#objectRef(facts.name),
      ...(facts.outcome === undefined ? {} : { responseStatus: this.#status(facts.outcome) }),
    }
    const tail = {
      requestReceivedTimestamp: formatMicros(this.#receivedMs),
      stageTimestamp: formatMicros(stageMs),
      ...(this.#annotations.size > 0
        ? { annotations: Object.fromEntries([...this.#annotations].sort()) }
        : {}),
    }
    const objects = this.#objects({ requestObject: facts.sent, responseObject: facts.response })
    write(`${JSON.stringify(head).slice(0, -1)},${objects}${JSON.stringify(tail).slice(1)}\n`)
  }

  /** Of a Status that says that all went well only that. */
  #status(outcome: number | StatusError): Partial<Status> {
    if (typeof outcome !== 'number') {
      const { kind, apiVersion, ...status } = outcome.toStatus()
      return status
    }
    const answer = this.#answer?.answer
    const { kind, status, details } = (answer?.type === 'value' ? answer.value : {}) as Partial<Status>
    return { metadata: {}, ...(kind === 'Status' ? { status, details } : {}), code: outcome }
  }

  #objects(texts: Readonly<Record<string, JSONText | undefined>>): string {
    const { omitManagedFields } = this.#decision
    return Object.entries(texts)
      .map(([field, text]) =>
        text === undefined ? '' : `"${field}":${omitManagedFields ? withoutManagedFields(text) : text},`,
      )
      .join('')
  }
}

interface Facts {
  /** Absent: now. */
  readonly stageMs?: number
  readonly outcome?: number | StatusError
  readonly name?: string | undefined
  readonly sent?: JSONText
  readonly response?: JSONText
}
