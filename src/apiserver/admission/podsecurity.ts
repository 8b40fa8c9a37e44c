// PodSecurity: Pods are held to the level that their namespace asks for by label; other kinds that hold a Pod
// template, and namespaces that get stricter, are only warned about. Follows KEP-2579 and upstream's
// k8s.io/pod-security-admission/admission.
import { invalid } from '../../api/fields.ts'
import type { Namespace, ObjectMeta, Pod, PodSpec } from '../../api/generated/types.ts'
import { sameValue } from '../../api/meta/objectmeta.ts'
import type { KubeObject } from '../../api/object.ts'
import { isNotFound } from '../../api/status.ts'
import {
  type AdmissionAttributes,
  type AdmissionPluginFactory,
  type AdmissionServices,
  refusal,
} from './admission.ts'
import {
  formatLevel,
  formatViolations,
  isStricter,
  type LevelVersion,
  policyOf,
  violations,
} from './podsecurity/policy.ts'
import type { Violation } from './podsecurity/violation.ts'

interface Template {
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
}

/** Where a kind keeps its Pod template. */
const templatePaths: Readonly<Record<string, readonly string[]>> = {
  '/replicationcontrollers': ['spec', 'template'],
  '/podtemplates': ['template'],
  'apps/replicasets': ['spec', 'template'],
  'apps/deployments': ['spec', 'template'],
  'apps/statefulsets': ['spec', 'template'],
  'apps/daemonsets': ['spec', 'template'],
  'batch/jobs': ['spec', 'template'],
  'batch/cronjobs': ['spec', 'jobTemplate', 'spec', 'template'],
}

const annotation = 'pod-security.kubernetes.io'

/** So many Pods of a namespace are looked at when its level changes. */
const maxPods = 3000

export const podSecurityPlugin: AdmissionPluginFactory = services => ({
  name: 'PodSecurity',
  validate(attributes) {
    const { operation, resource, subresource } = attributes
    if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
    const id = `${resource.group}/${resource.resource}`
    if (id === '/pods') return isAboutSpec(attributes) ? judgePod(services, attributes) : undefined
    if (subresource !== '') return undefined
    if (id === '/namespaces') return judgeNamespace(services, attributes)
    const path = templatePaths[id]
    return path ? judgeTemplate(services, attributes, path) : undefined
  },
})

/** What can change which rules a Pod breaks: its containers and its annotations. */
function isAboutSpec({ operation, subresource, object, oldObject }: AdmissionAttributes): boolean {
  if (operation === 'CREATE') return subresource === ''
  if (subresource !== '' && subresource !== 'ephemeralcontainers') return false
  const [pod, before] = [object as Pod, oldObject as Pod]
  return (
    !sameValue(pod.spec, before.spec) || !sameValue(pod.metadata.annotations, before.metadata.annotations)
  )
}

async function namespacePolicy({ lookup }: AdmissionServices, { context, namespace }: AdmissionAttributes) {
  try {
    const stored = await lookup('', 'v1', 'namespaces')?.get(context, '', namespace)
    return policyOf(stored?.object.metadata.labels).policy
  } catch (error) {
    if (isNotFound(error)) return policyOf().policy
    throw error
  }
}

async function judgePod(services: AdmissionServices, attributes: AdmissionAttributes): Promise<void> {
  const policy = await namespacePolicy(services, attributes)
  const pod = attributes.object as Pod
  if (!pod.spec) return
  const template = { metadata: pod.metadata, spec: pod.spec }
  attributes.context.annotate?.(`${annotation}/enforce-policy`, formatLevel(policy.enforce))
  audit(attributes, policy.audit, template)
  const enforced = violations(policy.enforce, template)
  if (enforced.length > 0) {
    const why = `violates PodSecurity "${formatLevel(policy.enforce)}": ${formatViolations(enforced)}`
    throw refusal(attributes, why)
  }
  warn(attributes, policy.warn, template)
}

/** What the audit log says besides. */
function audit({ context }: AdmissionAttributes, level: LevelVersion, template: Template): void {
  const found = context.annotate ? violations(level, template) : []
  if (found.length > 0) context.annotate?.(`${annotation}/audit-violations`, wouldViolate(level, found))
}

const wouldViolate = (level: LevelVersion, found: readonly Violation[]) =>
  `would violate PodSecurity "${formatLevel(level)}": ${formatViolations(found)}`

function warn({ context }: AdmissionAttributes, level: LevelVersion, template: Template): void {
  const found = violations(level, template)
  if (found.length > 0) context.warn(wouldViolate(level, found))
}

async function judgeTemplate(
  services: AdmissionServices,
  attributes: AdmissionAttributes,
  path: readonly string[],
): Promise<void> {
  const template = path.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[key],
    attributes.object,
  ) as Partial<Template> | undefined
  if (!template?.spec) return
  const policy = await namespacePolicy(services, attributes)
  const whole = { metadata: template.metadata ?? {}, spec: template.spec }
  audit(attributes, policy.audit, whole)
  warn(attributes, policy.warn, whole)
}

const labelsOf = (object: KubeObject | undefined) => (object as Namespace | undefined)?.metadata?.labels

async function judgeNamespace(services: AdmissionServices, attributes: AdmissionAttributes): Promise<void> {
  const { object, oldObject, resource, name, operation, context } = attributes
  const { policy, errors } = policyOf(labelsOf(object))
  const before = policyOf(labelsOf(oldObject))
  const hasNewErrors = errors.length > 0 && !sameValue(errors, before.errors)
  if (hasNewErrors) throw invalid(resource, name || (object?.metadata.name ?? ''), errors)
  const { enforce } = policy
  if (operation === 'CREATE' || !isStricter(enforce, before.policy.enforce)) return
  if (enforce.level === 'privileged') return
  const found = await violatingPods(services, attributes, enforce)
  if (found.length === 0) return
  const which = `existing pods in namespace "${object?.metadata.name}"`
  context.warn(`${which} violate the new PodSecurity enforce level "${formatLevel(enforce)}"`)
  for (const line of found) context.warn(line)
}

/** One line for all Pods that break the same rules. */
async function violatingPods(
  { lookup }: AdmissionServices,
  { context, object }: AdmissionAttributes,
  level: LevelVersion,
): Promise<string[]> {
  const namespace = object?.metadata.name ?? ''
  const list = await lookup('', 'v1', 'pods')?.list(context, { namespace, limit: maxPods })
  const byReasons = new Map<string, string[]>()
  for (const { object } of list?.items ?? []) {
    const { metadata, spec } = object as Pod
    if (!spec) continue
    const reasons = violations(level, { metadata, spec }).map(({ reason }) => reason)
    if (reasons.length === 0) continue
    const names = byReasons.get(reasons.join(', ')) ?? []
    byReasons.set(reasons.join(', '), [...names, metadata.name ?? ''])
  }
  return [...byReasons]
    .map(([reasons, names]) => {
      const [first = '', ...others] = names.sort()
      const more =
        others.length === 0 ? '' : ` (and ${others.length} other pod${others.length === 1 ? '' : 's'})`
      return `${first}${more}: ${reasons}`
    })
    .sort()
}
