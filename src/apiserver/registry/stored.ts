// Objects as the watch cache holds them: JSON bytes, encoded once, and the few values that selectors look
// at. The store's value lacks resourceVersion, which only exists after the write: it is spliced in at an
// offset that is the same for all objects of a resource.
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { StoredObject } from './registry.ts'

/** What selectors look at. */
interface Identity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  /** Values of the resource's selectable fields, in their order. */
  readonly fields: readonly string[]
  readonly hasFinalizers: boolean
}

const noLabels: Readonly<Record<string, string>> = Object.freeze({})
const noFields: readonly string[] = []

export class Stored implements StoredObject {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly fields: readonly string[]
  readonly hasFinalizers: boolean
  readonly revision: number
  readonly #codec: Codec
  #data: Buffer
  /** `#data` has the revision in it; until somebody wants the bytes it is the store's own value. */
  #spliced: boolean
  #object: WeakRef<KubeObject> | undefined

  constructor(codec: Codec, identity: Identity, state: { data: Buffer; spliced: boolean; revision: number }) {
    this.name = identity.name
    this.namespace = identity.namespace
    this.uid = identity.uid
    this.labels = identity.labels
    this.fields = identity.fields
    this.hasFinalizers = identity.hasFinalizers
    this.revision = state.revision
    this.#codec = codec
    this.#data = state.data
    // Revision 0: not written (dry run), so there is no resourceVersion.
    this.#spliced = state.spliced || state.revision === 0
  }

  /** Of the bytes, about. */
  get size(): number {
    return this.#data.length
  }

  get bytes(): Buffer {
    if (!this.#spliced) {
      this.#data = this.#codec.splice(this.#data, 0, this.revision)
      this.#spliced = true
    }
    return this.#data
  }

  get object(): KubeObject {
    const known = this.#object?.deref()
    if (known) return known
    const object = this.parse()
    this.#object = new WeakRef(object)
    return object
  }

  /** A copy of the object that the caller may change. */
  parse(): KubeObject {
    const object = JSON.parse(this.#data.toString()) as KubeObject
    if (!this.#spliced) object.metadata.resourceVersion = String(this.revision)
    return object
  }

  /** Saves the first parsing: `object` is what the bytes say, and nobody changes it any more. */
  remember(object: KubeObject): void {
    object.metadata.resourceVersion = String(this.revision)
    this.#object = new WeakRef(object)
  }

  /** The same state under another revision, as a DELETED event shows it. */
  at(revision: number): Stored {
    const data = this.#spliced
      ? this.#codec.splice(this.#data, spliceLength(this.revision), revision)
      : this.#data
    return new Stored(this.#codec, this, { data, spliced: this.#spliced, revision })
  }
}

const newline = 0x0a

const spliceLength = (revision: number) => `"resourceVersion":"${revision}",`.length

/** How values begin that kube-apiserver wrote, if it was not told to write JSON. */
const protobufMark = Buffer.from('k8s\0')

/** Turns one resource's objects into bytes and back. */
export class Codec {
  readonly resource: Resource
  readonly #head: Buffer
  readonly #getters: readonly ((object: KubeObject) => string)[]

  constructor(resource: Resource) {
    this.resource = resource
    const { kind, apiVersion } = resource
    this.#head = Buffer.from(
      `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{`,
    )
    this.#getters = Object.values(resource.selectableFields ?? {})
  }

  /** The store's value: no resourceVersion, `kind`, `apiVersion` and `metadata` first. */
  encode(object: KubeObject): Buffer {
    object.metadata.resourceVersion = undefined
    const { kind, apiVersion } = this.resource
    object.kind = kind
    object.apiVersion = apiVersion
    const { metadata, ...rest } = object
    return Buffer.from(JSON.stringify({ kind, apiVersion, metadata, ...rest }))
  }

  /** `object`, when it is at hand, is what `value` says. */
  decode(value: Buffer, revision: number, object?: KubeObject): Stored {
    const parsed = object ?? this.#parse(value)
    const data = object || this.#isOurs(value) ? value : this.encode(parsed)
    return new Stored(this, this.#identify(parsed), { data, spliced: false, revision })
  }

  #parse(value: Buffer): KubeObject {
    if (value.subarray(0, protobufMark.length).equals(protobufMark)) {
      throw new Error(
        `Cannot read ${this.resource.resource} from the store: they are protobuf, expected JSON, as ` +
          'kube-apiserver writes it with --storage-media-type=application/json',
      )
    }
    return JSON.parse(value.toString())
  }

  /**
   * Another writer may have put the fields in another order, or ended with a new line as kube-apiserver does:
   * those who read watches line by line expect none in an object.
   */
  #isOurs(value: Buffer): boolean {
    const { length } = this.#head
    return value.subarray(0, length).equals(this.#head) && value[length] === 0x22 && !value.includes(newline)
  }

  #identify(object: KubeObject): Identity {
    const { name = '', namespace = '', uid = '', labels = noLabels, finalizers } = object.metadata
    const getters = this.#getters
    const fields = getters.length === 0 ? noFields : getters.map(get => get(object))
    return { name, namespace, uid, labels, fields, hasFinalizers: (finalizers?.length ?? 0) > 0 }
  }

  /** Puts the revision in where `skip` bytes of an older one are left out. */
  splice(data: Buffer, skip: number, revision: number): Buffer {
    const text = `"resourceVersion":"${revision}",`
    const at = this.#head.length
    const bytes = Buffer.allocUnsafe(data.length + text.length - skip)
    data.copy(bytes, 0, 0, at)
    bytes.write(text, at, 'latin1')
    data.copy(bytes, at + text.length, at + skip)
    return bytes
  }
}
