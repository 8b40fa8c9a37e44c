// Approves what kubelets ask for, as far as a SubjectAccessReview lets whoever asks: their client
// certificates, as kube-controller-manager's csrapproving does, and also their serving certificates, which
// upstream leaves to somebody else. For those the names must be the node's own.
import type { CertificateSigningRequest, Node } from '../api/generated/types.ts'
import { subjectAccessReviews } from '../api/resources/authorization.k8s.io/subjectaccessreview.ts'
import { certificateSigningRequests } from '../api/resources/certificates.k8s.io/certificatesigningrequest.ts'
import { invitedNodeKey, signerNames } from '../api/resources/certificates.k8s.io/signername.ts'
import { isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { canonicalAddress } from '../ip/address.ts'
import type { CertificateRequest } from '../x509/certificaterequest.ts'
import type { Cache } from './cache.ts'
import { recognize, verdictOf } from './certificatekinds.ts'
import { defineController, onChange } from './controller.ts'
import { endpointSlices, nodes, secrets } from './resources.ts'
import { sameValue } from './samevalue.ts'

/** Names that no node may have: the API server's, in canonical form. */
export interface ReservedNames {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

/** Where the API servers are, this one and others. */
const serverAddresses = (cache: Cache): string[] =>
  cache
    .inNamespace(endpointSlices, 'default')
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'kubernetes')
    .flatMap(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses))
    .map(address => canonicalAddress(address) ?? address)

interface Asked {
  readonly object: CertificateSigningRequest
  readonly request: CertificateRequest
  readonly nodes: readonly Node[]
  readonly reserved: ReservedNames
}

const prefix = 'system:node:'
const addressTypes = ['InternalIP', 'ExternalIP']
const nameTypes = ['Hostname', 'InternalDNS', 'ExternalDNS']

const namesOf = (node: Node, types: readonly string[]): string[] =>
  (node.status?.addresses ?? [])
    .filter(({ type }) => types.includes(type))
    .map(({ address }) => canonicalAddress(address) ?? address)

const isOwn = ({ object, request }: Asked) => object.spec.username === request.subject.commonName

/** Every name is one that the Node has, that no other Node has, and that is not the API server's. */
function hasNamesOfNode({ request, nodes: all, reserved }: Asked): boolean {
  const name = request.subject.commonName.slice(prefix.length)
  const node = all.find(({ metadata }) => metadata.name === name)
  if (!node) return false
  const others = all.filter(other => other !== node)
  const isFree = (text: string, types: readonly string[]) =>
    !others.some(other => other.metadata.name === text || namesOf(other, types).includes(text))
  return (
    request.ipAddresses.every(
      address =>
        namesOf(node, addressTypes).includes(address) &&
        isFree(address, addressTypes) &&
        !reserved.ipAddresses.includes(address),
    ) &&
    request.dnsNames.every(
      text =>
        (text === name || namesOf(node, nameTypes).includes(text)) &&
        isFree(text, nameTypes) &&
        !reserved.dnsNames.includes(text),
    )
  )
}

interface Kind {
  readonly subresource: string
  readonly signerName: string
  readonly message: string
  matches(asked: Asked): boolean
}

const kinds: readonly Kind[] = [
  {
    subresource: 'selfnodeclient',
    signerName: signerNames.kubeAPIServerClientKubelet,
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
    matches: isOwn,
  },
  {
    subresource: 'nodeclient',
    signerName: signerNames.kubeAPIServerClientKubelet,
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    matches: () => true,
  },
  {
    subresource: 'selfnodeserver',
    signerName: signerNames.kubeletServing,
    message: 'Auto approving self kubelet server certificate after SubjectAccessReview.',
    matches: asked => isOwn(asked) && hasNamesOfNode(asked),
  },
]

async function mayCreate(client: Client, { spec }: CertificateSigningRequest, subresource: string) {
  const { username, uid, groups, extra } = spec
  const group = 'certificates.k8s.io'
  const resourceAttributes = { group, resource: 'certificatesigningrequests', verb: 'create', subresource }
  const { status } = await client.create(subjectAccessReviews, {
    metadata: {},
    spec: {
      ...(username ? { user: username } : {}),
      ...(uid ? { uid } : {}),
      ...(groups ? { groups } : {}),
      ...(extra ? { extra } : {}),
      resourceAttributes,
    },
  })
  return status?.allowed ?? false
}

const joining = /^system:bootstrap:([a-z0-9]{6})$/

/** A token of an invitation says which node was invited; of other tokens any node may come. */
async function isInvited(client: Client, { object, request }: Asked): Promise<boolean> {
  const [, id] = joining.exec(object.spec.username ?? '') ?? []
  if (id === undefined) return true
  try {
    const secret = await client.get(secrets, { namespace: 'kube-system', name: `bootstrap-token-${id}` })
    const node = Buffer.from(secret.data?.[invitedNodeKey] ?? '', 'base64').toString()
    return node === '' || request.subject.commonName === `${prefix}${node}`
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

export const certificateApprovingController = ({ reserved }: { readonly reserved: () => ReservedNames }) =>
  defineController({
    name: 'csrapproving',
    for: certificateSigningRequests,
    watches: [
      onChange(
        nodes,
        (_node, cache) =>
          cache
            .list(certificateSigningRequests)
            .filter(object => verdictOf(object) === 'pending')
            .map(({ metadata }) => metadata.name ?? ''),
        (node, before) => !sameValue(node.status?.addresses, before.status?.addresses),
      ),
    ],
    reads: [endpointSlices],
    async reconcile(object, { client, cache }) {
      if (object.status?.certificate || verdictOf(object) !== 'pending') return
      const recognized = recognize(object)
      if (!recognized || recognized.problem !== undefined) return
      const names = reserved()
      const asked = {
        object,
        request: recognized.request,
        nodes: cache.list(nodes),
        reserved: { ...names, ipAddresses: [...names.ipAddresses, ...serverAddresses(cache)] },
      }
      for (const { subresource, signerName, message, matches } of kinds) {
        if (object.spec.signerName !== signerName || !matches(asked)) continue
        if (!(await isInvited(client, asked)) || !(await mayCreate(client, object, subresource))) continue
        const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message }
        const conditions = [...(object.status?.conditions ?? []), condition]
        const approved = { ...object, status: { ...object.status, conditions } }
        await client.update(certificateSigningRequests, approved, { subresource: 'approval' })
        return
      }
    },
  })
