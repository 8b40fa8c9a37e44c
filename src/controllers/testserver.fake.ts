// The API server that the controllers' tests run against.
import type { KubeObject } from '../api/object.ts'
import { alreadyExists, conflict, notFound } from '../api/status.ts'
import type { Transport, TransportRequest, WatchHandlers } from '../api/transport.ts'

interface Watcher {
  readonly prefix: string
  readonly handlers: WatchHandlers
}

const merge = (target: unknown, patch: unknown): unknown => {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch
  const base: Record<string, unknown> = { ...(target as object) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete base[key]
    else base[key] = merge(base[key], value)
  }
  return base
}

export class TestServer implements Transport {
  readonly objects = new Map<string, KubeObject>()
  readonly requests: string[] = []
  /** Watches are told only when it is false. */
  lagging = false
  #held: (() => void)[] = []
  #revision = 1
  #names = 0
  readonly #watchers = new Set<Watcher>()

  catchUp() {
    this.lagging = false
    for (const deliver of this.#held.splice(0)) deliver()
  }

  async request({ method, path, body }: TransportRequest) {
    await Promise.resolve()
    if (method !== 'GET') this.requests.push(`${method} ${path}`)
    const answer = this.#answer(method, path, structuredClone(body) as KubeObject)
    return { status: 200, warnings: [], body: answer as never }
  }

  watch(request: TransportRequest, handlers: unknown) {
    const watcher = { prefix: request.path, handlers: handlers as WatchHandlers }
    this.#watchers.add(watcher)
    return Promise.resolve({ close: () => void this.#watchers.delete(watcher) })
  }

  #answer(method: string, path: string, body: KubeObject): unknown {
    const isStatus = path.endsWith('/status')
    const key = isStatus ? path.slice(0, -7) : path
    const known = this.objects.get(key)
    const name = key.split('/').at(-1) ?? ''
    const resource = { group: '', resource: key.split('/').at(-2) ?? '' }
    if (method === 'GET' && known) return known
    if (method === 'GET' && /(things|parts|[a-z]+s)$/.test(path)) return this.#list(path)
    if (method === 'POST') return this.#create(path, body)
    if (!known) throw notFound(resource, name)
    if (method === 'DELETE') return this.#delete(key, known)
    const wanted = method === 'PATCH' ? (merge(known, body) as KubeObject) : body
    const expected = wanted.metadata.resourceVersion
    if (expected && expected !== known.metadata.resourceVersion) throw conflict(resource, name, 'changed')
    if (known.metadata.deletionTimestamp && !wanted.metadata.finalizers?.length)
      return this.#remove(key, known)
    return this.#write(
      'MODIFIED',
      key,
      isStatus ? { ...known, ...(wanted as object), metadata: known.metadata } : wanted,
    )
  }

  #list(path: string) {
    const plural = path.split('/').at(-1) ?? ''
    const items = [...this.objects].filter(([key]) => key.split('/').at(-2) === plural && matches(path, key))
    return { metadata: { resourceVersion: String(this.#revision) }, items: items.map(([, object]) => object) }
  }

  #create(path: string, body: KubeObject) {
    const name =
      body.metadata.name ?? `${body.metadata.generateName}${(this.#names++).toString().padStart(5, '0')}`
    const key = `${path}/${name}`
    if (this.objects.has(key))
      throw alreadyExists({ group: '', resource: path.split('/').at(-1) ?? '' }, name)
    const metadata = {
      ...body.metadata,
      name,
      uid: `uid-${this.#revision}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
    }
    return this.#write('ADDED', key, { ...body, metadata })
  }

  #delete(key: string, known: KubeObject) {
    if (!known.metadata.finalizers?.length) return this.#remove(key, known)
    if (known.metadata.deletionTimestamp) return known
    const metadata = { ...known.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
    return this.#write('MODIFIED', key, { ...known, metadata })
  }

  #remove(key: string, known: KubeObject) {
    const last = { ...known, metadata: { ...known.metadata, resourceVersion: String(++this.#revision) } }
    this.objects.delete(key)
    this.#tell('DELETED', key, last)
    return last
  }

  #write(type: 'ADDED' | 'MODIFIED', key: string, object: KubeObject & { spec?: unknown }) {
    const before = this.objects.get(key) as typeof object | undefined
    const changed = JSON.stringify(before?.spec) !== JSON.stringify(object.spec)
    const generation = (before?.metadata.generation ?? 0) + Number(changed)
    if (generation > 0) object = { ...object, metadata: { ...object.metadata, generation } }
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } }
    this.objects.set(key, stored)
    this.#tell(type, key, stored)
    return stored
  }

  #tell(type: 'ADDED' | 'MODIFIED' | 'DELETED', key: string, object: KubeObject) {
    const deliver = () => {
      for (const { prefix, handlers } of this.#watchers) {
        if (matches(prefix, key)) handlers.onEvents([{ type, object }])
      }
    }
    if (this.lagging) this.#held.push(deliver)
    else deliver()
  }
}

function matches(collection: string, key: string): boolean {
  const [root, plural] = [collection.slice(0, collection.lastIndexOf('/')), collection.split('/').at(-1)]
  return key.startsWith(`${root}/`) && key.split('/').at(-2) === plural
}
