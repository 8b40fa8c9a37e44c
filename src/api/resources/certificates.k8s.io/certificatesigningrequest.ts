// CertificateSigningRequest: asks a signer for an X.509 certificate; someone has to approve it.
import { type FieldError, required } from '../../fields.ts'
import type { CertificateSigningRequest } from '../../generated/types.ts'
import { ageColumn, formatAge } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function formatCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status?.conditions?.some(condition => condition.type === type)
  const answer = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return `${answer}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`
}

function formatDuration({ spec }: CertificateSigningRequest): string {
  return spec.expirationSeconds === undefined ? '<none>' : formatAge(spec.expirationSeconds * 1000)
}

function validate({ spec }: CertificateSigningRequest): FieldError[] {
  return [
    ...(spec.usages?.length ? [] : [required('spec.usages')]),
    ...(spec.request ? [] : [required('spec.request')]),
    ...(spec.signerName ? [] : [required('spec.signerName')]),
  ]
}

export const certificateSigningRequests = defineResource<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  resource: 'certificatesigningrequests',
  shortNames: ['csr'],
  namespaced: false,
  hasStatus: true,
  subresources: [{ name: 'approval', kind: 'CertificateSigningRequest', verbs: ['get', 'update', 'patch'] }],
  columns: [
    nameColumn,
    ageColumn,
    column('SignerName', request => request.spec.signerName || '<none>'),
    column('Requestor', request => request.spec.username ?? ''),
    column('RequestedDuration', formatDuration),
    column('Condition', formatCondition),
  ],
  selectableFields: { 'spec.signerName': request => request.spec.signerName },
  prepareForUpdate: (request, previous) => {
    request.spec = previous.spec
  },
  validate,
})
