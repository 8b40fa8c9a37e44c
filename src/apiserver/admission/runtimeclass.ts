// RuntimeClass: a Pod whose class does not exist is refused; one whose class does gets what that costs on top
// (overhead) and where it may run. Follows upstream's plugin/pkg/admission/runtimeclass.
import type { Pod, PodSpec, RuntimeClass, Toleration } from '../../api/generated/types.ts'
import { compareQuantities, parseQuantity } from '../../api/meta/quantity.ts'
import { isNotFound } from '../../api/status.ts'
import type { RegistryLookup } from '../registry/registry.ts'
import { type AdmissionAttributes, type AdmissionPluginFactory, isPodRequest, refusal } from './admission.ts'

type Quantities = Readonly<Record<string, string>>

export const runtimeClassPlugin: AdmissionPluginFactory = ({ lookup }) => ({
  name: 'RuntimeClass',
  admit(attributes) {
    const spec = specOf(attributes)
    return spec?.runtimeClassName === undefined ? undefined : complete(lookup, attributes, spec)
  },
  validate(attributes) {
    const spec = specOf(attributes)
    if (spec?.overhead === undefined) return undefined
    return checkOverhead(lookup, attributes, spec)
  },
})

/** Of Pods that are created: later on a class cannot be changed. */
function specOf(attributes: AdmissionAttributes): PodSpec | undefined {
  if (attributes.operation !== 'CREATE' || !isPodRequest(attributes)) return undefined
  return (attributes.object as Pod).spec
}

async function classOf(lookup: RegistryLookup, attributes: AdmissionAttributes, name: string) {
  try {
    const registry = lookup('node.k8s.io', 'v1', 'runtimeclasses')
    const stored = await registry?.get(attributes.context, '', name)
    return stored?.object as unknown as RuntimeClass | undefined
  } catch (error) {
    if (!isNotFound(error)) throw error
    throw refusal(attributes, `pod rejected: RuntimeClass "${name}" not found`)
  }
}

const isSame = (a: Quantities, b: Quantities): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(
    ([name, amount]) =>
      b[name] !== undefined && compareQuantities(parseQuantity(amount), parseQuantity(b[name])) === 0,
  )

async function complete(lookup: RegistryLookup, attributes: AdmissionAttributes, spec: PodSpec) {
  const found = await classOf(lookup, attributes, spec.runtimeClassName!)
  const fixed = found?.overhead?.podFixed
  if (fixed) {
    if (spec.overhead && !isSame(fixed, spec.overhead)) {
      throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    }
    spec.overhead = { ...fixed }
  }
  const { nodeSelector, tolerations } = found?.scheduling ?? {}
  for (const [key, value] of Object.entries(nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key]
    if (own === undefined || own === value) continue
    const ours = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}`
    throw refusal(attributes, `conflict: ${ours}; pod.spec.nodeSelector[${key}] = ${own}`)
  }
  if (nodeSelector) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector }
  if (tolerations) spec.tolerations = mergeTolerations([...(spec.tolerations ?? []), ...tolerations])
}

async function checkOverhead(lookup: RegistryLookup, attributes: AdmissionAttributes, spec: PodSpec) {
  const { runtimeClassName, overhead = {} } = spec
  const found =
    runtimeClassName === undefined ? undefined : await classOf(lookup, attributes, runtimeClassName)
  if (!found?.overhead) {
    const why = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'
    throw refusal(attributes, why)
  }
  if (isSame(found.overhead.podFixed ?? {}, overhead)) return
  throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
}

const operatorOf = ({ operator }: Toleration) => operator || 'Equal'

/** Whether the first tolerates everything that the second one does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if ((wide.key ?? '') !== (narrow.key ?? '') && (wide.key || operatorOf(wide) !== 'Exists')) return false
  if (wide.effect && wide.effect !== narrow.effect) return false
  const { tolerationSeconds: seconds } = wide
  const isShorter = seconds !== undefined && (narrow.tolerationSeconds ?? Number.POSITIVE_INFINITY) > seconds
  if (wide.effect === 'NoExecute' && isShorter) return false
  if (operatorOf(wide) === 'Exists') return true
  return operatorOf(narrow) === operatorOf(wide) && (narrow.value ?? '') === (wide.value ?? '')
}

/** Without those that another one covers; of two that say the same the first stays. */
function mergeTolerations(all: readonly Toleration[]): Toleration[] {
  return all.filter(
    (one, index) =>
      !all.some((other, at) => at !== index && covers(other, one) && (at < index || !covers(one, other))),
  )
}
