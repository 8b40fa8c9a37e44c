// NodeRestriction: a node changes only what is its own: its Node, Lease and CSINode, the Pods bound to it,
// tokens for those (upstream's plugin/pkg/admission/noderestriction). What it may read is the Node
// authorizer's matter.
import type {
  AuthenticationV1TokenRequest,
  CertificateSigningRequest,
  Eviction,
  Node,
  PersistentVolumeClaim,
  Pod,
  ResourceSlice,
} from '../../api/generated/types.ts'
import { sameValue } from '../../api/meta/objectmeta.ts'
import { signerNames } from '../../api/resources/certificates.k8s.io/signername.ts'
import { isNotFound, notFound } from '../../api/status.ts'
import { parseCertificateRequest } from '../../x509/certificaterequest.ts'
import { nodeNameOf } from '../node/identity.ts'
import { referencesOf } from '../node/podreferences.ts'
import type { RequestContext } from '../registry/registry.ts'
import {
  type AdmissionAttributes,
  type AdmissionPluginFactory,
  type AdmissionServices,
  refusal,
} from './admission.ts'
import { forbiddenLabels } from './nodelabels.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'
const leaseNamespace = 'kube-node-lease'

/** What a node asks about is looked up by the server, whatever the node may read. */
const server: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  warn: () => undefined,
}

interface Restricting {
  readonly node: string
  readonly services: AdmissionServices
  readonly attributes: AdmissionAttributes
}

/** Throws Forbidden. */
type Check = (restricting: Restricting) => Promise<void> | undefined

const refuse = ({ attributes }: Restricting, why: string): never => {
  throw refusal(attributes, why)
}

async function podOf({ services, attributes }: Restricting, name: string): Promise<Pod> {
  try {
    const stored = await services.lookup('', 'v1', 'pods')!.get(server, attributes.namespace, name)
    return stored.object as Pod
  } catch (error) {
    // As upstream's lister, which says it in the singular.
    throw isNotFound(error) ? notFound({ group: '', resource: 'pod' }, name) : error
  }
}

function checkOwner(restricting: Restricting, pod: Pod, nodeUID: string): void {
  const { node } = restricting
  const owners = pod.metadata.ownerReferences ?? []
  const no = (what: string) => refuse(restricting, `node "${node}" can only create pods with ${what}`)
  if (owners.length > 1) no('a single owner reference set to itself')
  const [owner] = owners
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    no('an owner reference set to itself')
  }
  if (!owner?.controller) no('a controller owner reference set to itself')
  if (owner?.blockOwnerDeletion) {
    refuse(restricting, `node "${node}" must not set blockOwnerDeletion on an owner reference`)
  }
  if (owner?.uid !== nodeUID) {
    refuse(restricting, `node ${node} UID mismatch: expected ${owner?.uid} got ${nodeUID}`)
  }
}

const referredNames = {
  serviceaccounts: 'a service account',
  secrets: 'secrets',
  configmaps: 'configmaps',
  persistentvolumeclaims: 'persistentvolumeclaims',
  resourceclaims: 'resourceclaims',
} as const

/** Only mirror Pods, which show what the node runs of its own accord, and which refer to nothing. */
async function createPod(restricting: Restricting): Promise<void> {
  const { node, attributes, services } = restricting
  const pod = attributes.object as Pod
  const { annotations = {} } = pod.metadata
  if (annotations[mirrorAnnotation] === undefined) {
    const what = `pod does not have "${mirrorAnnotation}" annotation`
    refuse(restricting, `${what}, node "${node}" can only create mirror pods`)
  }
  if (pod.spec?.nodeName !== node) {
    refuse(restricting, `node "${node}" can only create pods with spec.nodeName set to itself`)
  }
  checkOwner(restricting, pod, (await services.lookup('', 'v1', 'nodes')!.get(server, '', node)).uid)
  const { [mirrorAnnotation]: _, ...others } = annotations
  const references = referencesOf({ ...pod, metadata: { ...pod.metadata, annotations: others } })
  for (const kind of Object.keys(referredNames) as (keyof typeof referredNames)[]) {
    if (!references.some(reference => reference.kind === kind)) continue
    refuse(restricting, `node "${node}" can not create pods that reference ${referredNames[kind]}`)
  }
}

const changePod: Check = restricting => {
  const { node, attributes } = restricting
  const { operation, oldObject } = attributes
  if (operation === 'CREATE') return createPod(restricting)
  if (operation !== 'DELETE') {
    const what = `unexpected operation "${operation}"`
    refuse(restricting, `${what}, node "${node}" can only create and delete mirror pods`)
  }
  if ((oldObject as Pod).spec?.nodeName !== node) {
    refuse(restricting, `node "${node}" can only delete pods with spec.nodeName set to itself`)
  }
  return undefined
}

const changePodStatus: Check = restricting => {
  const { node, attributes } = restricting
  if (attributes.operation !== 'UPDATE') refuse(restricting, `unexpected operation "${attributes.operation}"`)
  const [after, before] = [attributes.object, attributes.oldObject] as Pod[]
  if (before?.spec?.nodeName !== node) {
    const which = 'for pods with spec.nodeName set to itself'
    refuse(restricting, `node "${node}" can only update pod status ${which}`)
  }
  if (!sameValue(before?.metadata.labels ?? {}, after?.metadata.labels ?? {})) {
    refuse(restricting, `node "${node}" cannot update labels through pod status`)
  }
  const claimsOf = (pod: Pod | undefined) => pod?.status?.resourceClaimStatuses ?? []
  if (!sameValue(claimsOf(before), claimsOf(after))) {
    refuse(restricting, `node "${node}" cannot update resource claim statuses`)
  }
  return undefined
}

async function evictPod(restricting: Restricting): Promise<void> {
  const { node, attributes } = restricting
  if (attributes.operation !== 'CREATE') refuse(restricting, `unexpected operation ${attributes.operation}`)
  const name = attributes.name || ((attributes.object as Eviction).metadata?.name ?? '')
  if (name === '') refuse(restricting, 'could not determine pod from request data')
  if ((await podOf(restricting, name)).spec?.nodeName === node) return
  refuse(restricting, `node ${node} can only evict pods with spec.nodeName set to itself`)
}

const pods: Check = restricting => {
  const { subresource } = restricting.attributes
  if (subresource === '') return changePod(restricting)
  if (subresource === 'status') return changePodStatus(restricting)
  if (subresource === 'eviction') return evictPod(restricting)
  const allowed = "only 'status' and 'eviction' are allowed"
  return refuse(restricting, `unexpected pod subresource "${subresource}", ${allowed}`)
}

const nodes: Check = restricting => {
  const { node, attributes } = restricting
  const { operation, name, object, oldObject } = attributes
  if (name !== node) refuse(restricting, `node "${node}" is not allowed to modify node "${name}"`)
  const [after, before] = [object, oldObject] as (Node | undefined)[]
  if (operation === 'CREATE') {
    const labels = forbiddenLabels(after?.metadata.labels, undefined)
    if (labels.length > 0) {
      refuse(restricting, `node "${node}" is not allowed to set the following labels: ${labels.join(', ')}`)
    }
  }
  if (operation !== 'UPDATE') return undefined
  if (!sameValue(after?.spec?.taints ?? [], before?.spec?.taints ?? [])) {
    refuse(restricting, `node "${node}" is not allowed to modify taints`)
  }
  if (!sameValue(after?.metadata.ownerReferences ?? [], before?.metadata.ownerReferences ?? [])) {
    refuse(restricting, `node "${node}" is not allowed to modify ownerReferences`)
  }
  const labels = forbiddenLabels(after?.metadata.labels, before?.metadata.labels)
  if (labels.length > 0) refuse(restricting, `is not allowed to modify labels: ${labels.join(', ')}`)
  return undefined
}

/** What a node may not change of a claim's status. */
function fixedParts({ metadata, spec, status }: PersistentVolumeClaim): unknown {
  const { resourceVersion: _1, managedFields: _2, ...identity } = metadata
  const {
    capacity: _3,
    conditions: _4,
    allocatedResources: _5,
    allocatedResourceStatuses: _6,
    ...rest
  } = status ?? {}
  return { metadata: identity, spec, status: rest }
}

const claims: Check = restricting => {
  const { node, attributes } = restricting
  const { subresource, operation, object, oldObject } = attributes
  if (subresource !== 'status') refuse(restricting, 'may only update PVC status')
  if (operation !== 'UPDATE') refuse(restricting, `unexpected operation "${operation}"`)
  const [after, before] = [object, oldObject] as PersistentVolumeClaim[]
  if (!sameValue(fixedParts(after!), fixedParts(before!))) {
    const what = 'fields other than status.capacity and status.conditions'
    refuse(restricting, `node "${node}" is not allowed to update ${what}`)
  }
  return undefined
}

async function createToken(restricting: Restricting): Promise<void> {
  const { node, attributes } = restricting
  const { boundObjectRef } = (attributes.object as unknown as AuthenticationV1TokenRequest).spec ?? {}
  const { apiVersion, kind, name, uid } = boundObjectRef ?? {}
  if (apiVersion !== 'v1' || kind !== 'Pod' || !name) {
    throw refusal(attributes, 'node requested token not bound to a pod')
  }
  if (!uid) refuse(restricting, 'node requested token with a pod binding without a uid')
  const pod = await podOf(restricting, name)
  if (uid !== pod.metadata.uid) {
    const which = `the UID in the bound object reference (${uid}) does not match the UID in record`
    refuse(restricting, `${which}. The object might have been deleted and then recreated`)
  }
  if (pod.spec?.nodeName !== node) {
    refuse(restricting, 'node requested token bound to a pod scheduled on a different node')
  }
}

const accounts: Check = restricting => {
  const { operation, subresource } = restricting.attributes
  return operation === 'CREATE' && subresource === 'token' ? createToken(restricting) : undefined
}

const nameOf = ({ attributes }: Restricting) => attributes.name || attributes.object?.metadata.name

const leases: Check = restricting => {
  if (restricting.attributes.namespace !== leaseNamespace) {
    refuse(restricting, `can only access leases in the "${leaseNamespace}" system namespace`)
  }
  return nameOf(restricting) === restricting.node
    ? undefined
    : refuse(restricting, 'can only access node lease with the same name as the requesting node')
}

const csiNodes: Check = restricting =>
  nameOf(restricting) === restricting.node
    ? undefined
    : refuse(restricting, 'can only access CSINode with the same name as the requesting node')

const slices: Check = restricting => {
  const { operation, object, oldObject } = restricting.attributes
  if (operation !== 'CREATE' && operation !== 'DELETE') return undefined
  const slice = (operation === 'CREATE' ? object : oldObject) as ResourceSlice
  if (slice.spec.nodeName === restricting.node) return undefined
  const verb = operation === 'CREATE' ? 'create' : 'delete'
  return refuse(restricting, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`)
}

const nodeSigners: readonly string[] = [signerNames.kubeletServing, signerNames.kubeAPIServerClientKubelet]

const certificates: Check = restricting => {
  const { operation, subresource, object, context } = restricting.attributes
  if (operation !== 'CREATE' || subresource !== '') return undefined
  const { signerName, request } = (object as CertificateSigningRequest).spec
  if (!nodeSigners.includes(signerName)) return undefined
  let commonName: string
  try {
    commonName = parseCertificateRequest(Buffer.from(request, 'base64').toString('latin1')).subject.commonName
  } catch (error) {
    return refuse(restricting, `unable to parse csr: ${(error as Error).message}`)
  }
  return commonName === context.user.name
    ? undefined
    : refuse(restricting, `can only create a node CSR with CN=${context.user.name}`)
}

/** By `group/resource`. */
const checks: Readonly<Record<string, Check>> = {
  '/pods': pods,
  '/nodes': nodes,
  '/persistentvolumeclaims': claims,
  '/serviceaccounts': accounts,
  'certificates.k8s.io/certificatesigningrequests': certificates,
  'coordination.k8s.io/leases': leases,
  'resource.k8s.io/resourceslices': slices,
  'storage.k8s.io/csinodes': csiNodes,
}

export const nodeRestrictionPlugin: AdmissionPluginFactory = services => ({
  name: 'NodeRestriction',
  admit(attributes) {
    const node = nodeNameOf(attributes.context.user)
    if (node === undefined) return undefined
    const restricting = { node, services, attributes }
    if (node === '') {
      refuse(restricting, `could not determine node from user "${attributes.context.user.name}"`)
    }
    const { group, resource } = attributes.resource
    return checks[`${group}/${resource}`]?.(restricting)
  },
})
