// Priority: a Pod's number comes from its PriorityClass, or from the class that is the default for all.
// Follows upstream's plugin/pkg/admission/priority.
import type { Pod, PriorityClass } from '../../api/generated/types.ts'
import type { Resource } from '../../api/resource.ts'
import { isNotFound } from '../../api/status.ts'
import type { RegistryLookup, RequestContext, StoredObject } from '../registry/registry.ts'
import { type AdmissionAttributes, type AdmissionPluginFactory, isPodRequest, refusal } from './admission.ts'

interface Chosen {
  readonly name: string
  readonly value: number
  readonly preemptionPolicy: string
}

const noClass: Chosen = { name: '', value: 0, preemptionPolicy: 'PreemptLowerPriority' }

const chosen = ({ metadata, value = 0, preemptionPolicy }: PriorityClass): Chosen => ({
  name: metadata?.name ?? '',
  value,
  preemptionPolicy: preemptionPolicy ?? noClass.preemptionPolicy,
})

class Classes {
  readonly #lookup: RegistryLookup
  /** Whose default is known: lists that did not change are the same array. */
  #seen: readonly StoredObject[] | undefined
  #default = noClass

  constructor(lookup: RegistryLookup) {
    this.#lookup = lookup
  }

  get #registry() {
    return this.#lookup('scheduling.k8s.io', 'v1', 'priorityclasses')
  }

  async #list(context: RequestContext): Promise<readonly StoredObject[]> {
    return (await this.#registry?.list(context, {}))?.items ?? []
  }

  async globalDefaults(context: RequestContext): Promise<PriorityClass[]> {
    const items = await this.#list(context)
    return items.map(item => item.object as unknown as PriorityClass).filter(item => item.globalDefault)
  }

  /** The lowest of those marked as default. */
  async getDefault(context: RequestContext): Promise<Chosen> {
    const items = await this.#list(context)
    if (items === this.#seen) return this.#default
    const defaults = (await this.globalDefaults(context)).sort((a, b) => (a.value ?? 0) - (b.value ?? 0))
    this.#default = defaults[0] ? chosen(defaults[0]) : noClass
    this.#seen = items
    return this.#default
  }

  async get(context: RequestContext, name: string): Promise<Chosen | undefined> {
    try {
      const stored = await this.#registry?.get(context, '', name)
      return stored && chosen(stored.object as unknown as PriorityClass)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}

/** Those that every cluster starts with. */
const systemClasses = new Set(['system-cluster-critical', 'system-node-critical'])
const isPriorityClass = ({ group, resource }: Resource) =>
  group === 'scheduling.k8s.io' && resource === 'priorityclasses'

export const priorityPlugin: AdmissionPluginFactory = ({ lookup }) => {
  const classes = new Classes(lookup)
  return {
    name: 'Priority',
    admit(attributes) {
      const { operation, resource, name } = attributes
      if (operation === 'DELETE' && isPriorityClass(resource) && systemClasses.has(name)) {
        throw refusal(attributes, 'this is a system priority class and cannot be deleted')
      }
      if (!isPodRequest(attributes)) return undefined
      if (attributes.operation === 'CREATE') return admitPod(classes, attributes)
      if (attributes.operation === 'UPDATE') keepPriority(attributes)
      return undefined
    },
    validate(attributes) {
      const { resource, operation } = attributes
      if (!isPriorityClass(resource) || operation === 'DELETE') return undefined
      return checkDefault(classes, attributes)
    },
  }
}

async function admitPod(classes: Classes, attributes: AdmissionAttributes): Promise<void> {
  const { spec } = attributes.object as Pod
  if (!spec) return
  const name = spec.priorityClassName ?? ''
  const { context } = attributes
  const found = name === '' ? await classes.getDefault(context) : await classes.get(context, name)
  if (!found) throw refusal(attributes, `no PriorityClass with name ${name} was found`)
  const rest = 'priority admission controller computed'
  if (spec.priority !== undefined && spec.priority !== found.value) {
    const what = `the integer value of priority (${spec.priority}) must not be provided in pod spec`
    throw refusal(attributes, `${what}; ${rest} ${found.value} from the given PriorityClass name`)
  }
  const { preemptionPolicy: policy } = spec
  if (policy !== undefined && policy !== found.preemptionPolicy) {
    const what = `the string value of PreemptionPolicy (${policy}) must not be provided in pod spec`
    throw refusal(attributes, `${what}; ${rest} ${found.preemptionPolicy} from the given PriorityClass name`)
  }
  if (found.name !== '') spec.priorityClassName = found.name
  spec.priority = found.value
  spec.preemptionPolicy = found.preemptionPolicy
}

/** A client that leaves the numbers out means those that were computed. */
function keepPriority({ object, oldObject }: AdmissionAttributes): void {
  const { spec } = object as Pod
  const before = (oldObject as Pod).spec
  if (!spec || !before) return
  if (spec.priority === undefined && before.priority !== undefined) spec.priority = before.priority
  if (spec.preemptionPolicy === undefined && before.preemptionPolicy !== undefined) {
    spec.preemptionPolicy = before.preemptionPolicy
  }
}

async function checkDefault(classes: Classes, attributes: AdmissionAttributes): Promise<void> {
  const { object, context } = attributes
  const { metadata, globalDefault } = object as unknown as PriorityClass
  if (!globalDefault) return
  const other = (await classes.globalDefaults(context)).find(item => item.metadata?.name !== metadata?.name)
  if (!other) return
  const why = `PriorityClass ${other.metadata?.name} is already marked as default. Only one default can exist`
  throw refusal(attributes, why)
}
