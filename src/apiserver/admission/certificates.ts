// Who may approve and sign requests for certificates, and that nobody asks for everything: the plugins
// CertificateApproval, CertificateSigning and CertificateSubjectRestriction of upstream's
// plugin/pkg/admission/certificates.
import type { CertificateSigningRequest } from '../../api/generated/types.ts'
import { sameValue } from '../../api/meta/objectmeta.ts'
import { signerNames } from '../../api/resources/certificates.k8s.io/signername.ts'
import { parseCertificateRequest } from '../../x509/certificaterequest.ts'
import type { Authorizer } from '../filters/authorization.ts'
import type { User } from '../registry/registry.ts'
import {
  type AdmissionAttributes,
  type AdmissionPlugin,
  type AdmissionPluginFactory,
  refusal,
} from './admission.ts'

const group = 'certificates.k8s.io'

const isRequest = ({ resource }: AdmissionAttributes) =>
  resource.group === group && resource.resource === 'certificatesigningrequests'

interface Wanted {
  readonly verb: 'approve' | 'sign'
  readonly signerName: string
}

/** Rights are given for a signer by name, or for all of a domain as `example.com/*`. */
async function mayUse(authorizer: Authorizer, user: User, { verb, signerName }: Wanted): Promise<boolean> {
  for (const name of [signerName, `${signerName.split('/')[0]}/*`]) {
    const reason = await authorizer(user, {
      isResourceRequest: true,
      path: '',
      verb,
      group,
      version: '*',
      namespace: '',
      resource: 'signers',
      subresource: '',
      name,
      parts: [],
    })
    if (reason === undefined) return true
  }
  return false
}

async function check(
  authorizer: Authorizer,
  attributes: AdmissionAttributes,
  verb: Wanted['verb'],
): Promise<void> {
  const { signerName } = (attributes.oldObject as CertificateSigningRequest).spec
  if (await mayUse(authorizer, attributes.context.user, { verb, signerName })) return
  throw refusal(
    attributes,
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`,
  )
}

const approval = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateApproval',
  validate(attributes) {
    if (!isRequest(attributes) || attributes.subresource !== 'approval') return undefined
    return attributes.operation === 'UPDATE' ? check(authorizer, attributes, 'approve') : undefined
  },
})

const signing = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateSigning',
  validate(attributes) {
    if (!isRequest(attributes) || attributes.subresource !== 'status') return undefined
    if (attributes.operation !== 'UPDATE') return undefined
    const [after, before] = [attributes.object, attributes.oldObject] as CertificateSigningRequest[]
    const isSame =
      after?.status?.certificate === before?.status?.certificate &&
      sameValue(after?.status?.conditions ?? [], before?.status?.conditions ?? [])
    return isSame ? undefined : check(authorizer, attributes, 'sign')
  },
})

/** Each takes part only where `authorizer` judges. */
export const certificateAuthorityPlugins = (authorizer: Authorizer): AdmissionPluginFactory[] => [
  () => approval(authorizer),
  () => signing(authorizer),
]

/** A certificate of this group may do everything, and cannot be taken back. */
export const certificateSubjectRestrictionPlugin: AdmissionPluginFactory = () => ({
  name: 'CertificateSubjectRestriction',
  validate(attributes) {
    if (!isRequest(attributes) || attributes.subresource !== '' || attributes.operation !== 'CREATE') {
      return undefined
    }
    const { signerName, request } = (attributes.object as CertificateSigningRequest).spec
    if (signerName !== signerNames.kubeAPIServerClient) return undefined
    const { subject } = parseCertificateRequest(Buffer.from(request, 'base64').toString('latin1'))
    if (!subject.organizations.includes('system:masters')) return undefined
    throw refusal(attributes, `use of ${signerName} signer with system:masters group is not allowed`)
  },
})
