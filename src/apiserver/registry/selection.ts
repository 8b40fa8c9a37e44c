// Which objects a list or a watch is about: namespace, label selector and field selector, compiled once
// into one function over what the watch cache holds, without parsing objects.
import { type FieldRequirement, parseFieldSelector } from '../../api/meta/fieldselector.ts'
import { compileLabelSelector, parseLabelSelector, SelectorError } from '../../api/meta/labels.ts'
import type { Resource } from '../../api/resource.ts'
import { badRequest } from '../../api/status.ts'
import type { Subscriber } from './dispatch.ts'
import type { Stored } from './stored.ts'

export interface SelectionOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface Selection {
  /** Absent: all. */
  readonly namespace: string | undefined
  /** Set when at most one object per namespace can match. */
  readonly name: string | undefined
  /** Beyond the namespace; absent when everything there matches. */
  readonly selects: ((stored: Stored) => boolean) | undefined
  /** Namespace and selectors together, for a watch. */
  readonly subscription: Pick<Subscriber, 'scope' | 'selects'>
}

type Getter = (stored: Stored) => string

/** Throws BadRequest with upstream's messages. */
export function compileSelection(resource: Resource, options: SelectionOptions): Selection {
  const { labelSelector = '', fieldSelector = '' } = options
  const namespace = options.namespace || undefined
  // Most are of this kind: the server itself reads roles and flow schemas so, at each request.
  if (labelSelector === '' && fieldSelector === '') {
    const subscription = subscriptionOf(namespace, [], undefined)
    return { namespace, name: undefined, selects: undefined, subscription }
  }
  const matchesLabels = parsed(() => compileLabelSelector(parseLabelSelector(labelSelector)))
  const fields = parsed(() => parseFieldSelector(fieldSelector)).map(requirement => ({
    ...requirement,
    get: getterOf(resource, requirement.field),
  }))
  const selects = combine([
    ...(matchesLabels ? [(stored: Stored) => matchesLabels(stored.labels)] : []),
    ...fields.map(({ get, operator, value }) =>
      operator === '='
        ? (stored: Stored) => get(stored) === value
        : (stored: Stored) => get(stored) !== value,
    ),
  ])
  const exact = fields.filter(({ operator }) => operator === '=')
  const name = exact.find(({ field }) => field === 'metadata.name')?.value
  return { namespace, name, selects, subscription: subscriptionOf(namespace, exact, selects) }
}

function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw error instanceof SelectorError ? badRequest(error.message) : error
  }
}

function combine(filters: readonly ((stored: Stored) => boolean)[]) {
  if (filters.length <= 1) return filters[0]
  return (stored: Stored) => filters.every(selects => selects(stored))
}

const nameOf: Getter = stored => stored.name
const namespaceOf: Getter = stored => stored.namespace

function getterOf(resource: Resource, field: string): Getter {
  if (field === 'metadata.name') return nameOf
  const { selectableFields, namespaced } = resource
  if (field === 'metadata.namespace' && (namespaced || !selectableFields)) return namespaceOf
  const index = Object.keys(selectableFields ?? {}).indexOf(field)
  if (index >= 0) return stored => stored.fields[index]!
  throw badRequest(
    selectableFields
      ? `field label not supported: ${field}`
      : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
  )
}

/** The most selective thing asked for becomes the index. */
function subscriptionOf(
  namespace: string | undefined,
  exact: readonly (FieldRequirement & { readonly get: Getter })[],
  selects: Selection['selects'],
): Selection['subscription'] {
  const inNamespace = namespace === undefined ? undefined : (stored: Stored) => stored.namespace === namespace
  const best =
    exact.find(({ field }) => field === 'metadata.name') ??
    exact.find(({ field, value }) => field !== 'metadata.namespace' && value !== '')
  if (best) {
    const all = combine([...(inNamespace ? [inNamespace] : []), ...(selects ? [selects] : [])])
    return { scope: { index: best.field, value: best.value, keyOf: best.get }, ...(all && { selects: all }) }
  }
  if (namespace === undefined) return selects ? { selects } : {}
  return {
    scope: { index: 'metadata.namespace', value: namespace, keyOf: namespaceOf },
    ...(selects && { selects }),
  }
}
