// ResourceQuota: an object that would use more than its namespace may is refused; what is let in is counted
// in the quotas' status at once, so that requests at the same time cannot exceed it together. Follows
// upstream's k8s.io/apiserver pkg/admission/plugin/resourcequota.
import type { Pod, ResourceQuota } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { addedUsage, missingForQuota, quotaCounts, quotaUsage } from '../../api/quotausage.ts'
import { type Amounts, addAmount, compareAmounts } from '../../api/resources/core/pod/amounts.ts'
import { isNotFound } from '../../api/status.ts'
import type { RequestContext } from '../registry/registry.ts'
import {
  type AdmissionAttributes,
  type AdmissionPluginFactory,
  type AdmissionServices,
  refusal,
} from './admission.ts'

/** Kinds whose use can grow by an update. */
const growing = new Set(['/services', '/persistentvolumeclaims'])
/** Quotas are the server's business, whoever creates what they bound. */
const server: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  warn: () => undefined,
}

export const resourceQuotaPlugin: AdmissionPluginFactory = services => ({
  name: 'ResourceQuota',
  validate(attributes) {
    const { operation, resource, subresource, namespace } = attributes
    if (namespace === '' || subresource !== '') return undefined
    const isUpdate = operation === 'UPDATE' && growing.has(`${resource.group}/${resource.resource}`)
    return operation === 'CREATE' || isUpdate ? check(services, attributes) : undefined
  },
})

async function quotasIn({ lookup }: AdmissionServices, namespace: string): Promise<ResourceQuota[]> {
  const list = await lookup('', 'v1', 'resourcequotas')?.list(server, { namespace })
  return (list?.items ?? []).map(({ object }) => object as ResourceQuota)
}

async function check(services: AdmissionServices, attributes: AdmissionAttributes): Promise<void> {
  const { resource, namespace, object, oldObject } = attributes
  const quotas = await quotasIn(services, namespace)
  const counting = quotas.filter(quota => object && quotaCounts(quota, resource, object))
  if (counting.length === 0) return
  const nowMs = services.clock.now()
  const usageOf = (of: KubeObject | undefined): Amounts => (of ? quotaUsage(resource, of, nowMs) : {})
  const [after, before] = [usageOf(object), usageOf(oldObject)]
  for (const quota of counting) refuseSilence(attributes, quota)
  const charges = counting
    .map(quota => ({ quota, added: addedUsage(quota.spec?.hard ?? {}, after, before) }))
    .filter(({ added }) => Object.keys(added).length > 0)
  for (const charge of charges) judge(attributes, charge.quota, charge.added)
  if (attributes.dryRun) return
  for (const charge of charges) await book(services, attributes, charge)
}

/** Where CPU or memory is bounded, every container says how much it wants. */
function refuseSilence(attributes: AdmissionAttributes, { spec, metadata }: ResourceQuota): void {
  if (attributes.resource.resource !== 'pods' || !spec) return
  const missing = missingForQuota(spec, attributes.object as Pod)
  if (missing.length === 0) return
  throw refusal(attributes, `failed quota: ${metadata.name}: must specify ${missing.join('; ')}`)
}

const listed = (amounts: Amounts, names: readonly string[]) =>
  names.map(name => `${name}=${amounts[name] ?? '0'}`).join(',')

function judge(attributes: AdmissionAttributes, { metadata, status }: ResourceQuota, added: Amounts): void {
  const { hard = {}, used = {} } = status ?? {}
  const names = Object.keys(added).sort()
  const unknown = names.filter(name => hard[name] === undefined || used[name] === undefined)
  if (unknown.length > 0) {
    throw refusal(attributes, `status unknown for quota: ${metadata.name}, resources: ${unknown.join(',')}`)
  }
  const exceeded = names.filter(name => compareAmounts(addAmount(used[name]!, added[name]!), hard[name]!) > 0)
  if (exceeded.length === 0) return
  throw refusal(
    attributes,
    `exceeded quota: ${metadata.name}, requested: ${listed(added, exceeded)}, ` +
      `used: ${listed(used, exceeded)}, limited: ${listed(hard, exceeded)}`,
  )
}

interface Charge {
  readonly quota: ResourceQuota
  readonly added: Amounts
}

/** Judged again on what is stored then: somebody else may have been let in meanwhile. */
async function book(
  { lookup }: AdmissionServices,
  attributes: AdmissionAttributes,
  { quota, added }: Charge,
) {
  const target = { namespace: attributes.namespace, name: quota.metadata.name ?? '' }
  try {
    await lookup('', 'v1', 'resourcequotas')?.update(server, target, {
      subresource: 'status',
      transform: current => {
        const now = current as ResourceQuota
        judge(attributes, now, added)
        const used = { ...now.status?.used }
        for (const [name, amount] of Object.entries(added)) used[name] = addAmount(used[name] ?? '0', amount)
        return { ...now, status: { ...now.status, used } }
      },
    })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
