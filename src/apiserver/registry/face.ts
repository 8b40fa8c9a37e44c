// A second face of stored objects: another group or version with other field names over the same registry,
// such as events.k8s.io/v1 over core Events and autoscaling/v1 over v2. Converts on the way in and on the
// way out.
import type { KubeObject } from '../../api/object.ts'
import type { Resource, StoredAs } from '../../api/resource.ts'
import type { Registry, StoredEvent, StoredList, StoredObject, WatchOptions } from './registry.ts'

/** One StoredObject of the other face per stored one, so that what hangs on it is shared too. */
class Faces {
  readonly #resource: Resource
  readonly #storedAs: StoredAs
  readonly #faces = new WeakMap<StoredObject, StoredObject>()

  constructor(resource: Resource, storedAs: StoredAs) {
    this.#resource = resource
    this.#storedAs = storedAs
  }

  of(stored: StoredObject): StoredObject {
    const known = this.#faces.get(stored)
    if (known) return known
    const face = this.#create(stored)
    this.#faces.set(stored, face)
    return face
  }

  #create(stored: StoredObject): StoredObject {
    const object = this.convert(structuredClone(stored.object))
    const { name, namespace, uid, revision, labels } = stored
    return { name, namespace, uid, revision, labels, object, bytes: Buffer.from(JSON.stringify(object)) }
  }

  /** The stored object, which may be changed, as this face shows it. */
  convert(object: KubeObject): KubeObject {
    const { kind, apiVersion } = this.#resource
    const { kind: _, apiVersion: __, ...rest } = this.#storedAs.fromStored(object)
    return { kind, apiVersion, ...rest }
  }

  list(list: StoredList): StoredList {
    return { ...list, items: list.items.map(item => this.of(item)) }
  }

  event(event: StoredEvent): StoredEvent {
    return { type: event.type, stored: this.of(event.stored) }
  }
}

/** Selectors name the fields of this face, `stored` those of the other. */
function translated<T extends { readonly fieldSelector?: string }>(storedAs: StoredAs, options: T): T {
  const { fieldNames } = storedAs
  if (!fieldNames || !options.fieldSelector) return options
  const fieldSelector = options.fieldSelector.replace(
    /(^|,)([^=!,]+)/g,
    (text, comma: string, field: string) => (fieldNames[field] ? `${comma}${fieldNames[field]}` : text),
  )
  return { ...options, fieldSelector }
}

/** `stored` is the registry that holds the objects. */
export function createFace(resource: Resource, stored: Registry): Registry {
  const storedAs = resource.storedAs!
  const faces = new Faces(resource, storedAs)
  return {
    resource,
    get: async (context, namespace, name, options) =>
      faces.of(await stored.get(context, namespace, name, options)),
    list: async (context, options) => faces.list(await stored.list(context, translated(storedAs, options))),
    watch: (context, options) => {
      const onEvents: WatchOptions['onEvents'] = events =>
        options.onEvents(events.map(event => (event.type === 'BOOKMARK' ? event : faces.event(event))))
      return stored.watch(context, { ...translated(storedAs, options), onEvents })
    },
    create: async (context, object, options) => {
      resource.default?.(object)
      return faces.of(await stored.create(context, storedAs.toStored(object), options))
    },
    update: async (context, target, options) => {
      const result = await stored.update(context, target, {
        ...options,
        keepsCurrent: false,
        transform: async current => {
          const object = await options.transform(current && faces.convert(current))
          resource.default?.(object)
          return storedAs.toStored(object)
        },
      })
      return { ...result, stored: faces.of(result.stored) }
    },
    delete: async (context, target, options) => {
      const result = await stored.delete(context, target, options)
      return { ...result, stored: faces.of(result.stored) }
    },
    deleteCollection: async (context, options) =>
      faces.list(await stored.deleteCollection(context, translated(storedAs, options))),
  }
}
