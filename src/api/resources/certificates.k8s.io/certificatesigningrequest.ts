// CertificateSigningRequest: asks a signer for an X.509 certificate; someone has to approve it. Who asks is
// what the server knows, and stays (upstream's pkg/registry/certificates/certificates).
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../generated/types.ts'
import { ageColumn, formatAge } from '../../meta/age.ts'
import { formatTime } from '../../meta/timestamps.ts'
import { column, defineResource, type Requester } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { validateCreate, validateStatusUpdate, validateUpdate } from './validation.ts'

function formatCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status?.conditions?.some(condition => condition.type === type)
  const answer = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return `${answer}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`
}

function formatDuration({ spec }: CertificateSigningRequest): string {
  return spec.expirationSeconds === undefined ? '<none>' : formatAge(spec.expirationSeconds * 1000)
}

function nameRequester(request: CertificateSigningRequest, requester: Requester | undefined): void {
  request.status = {}
  const { uid: _uid, extra: _extra, ...spec } = request.spec
  const { name = '', uid, groups = [], extra = {} } = requester ?? {}
  request.spec = {
    ...spec,
    username: name,
    ...(uid ? { uid } : {}),
    groups: [...groups],
    ...(Object.keys(extra).length > 0
      ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }
      : {}),
  }
}

/** Approved and Denied are for the door `approval`: where they are only repeated, the old ones stay. */
function keepVerdicts(request: CertificateSigningRequest, previous: CertificateSigningRequest): void {
  const { status } = request
  for (const type of ['Approved', 'Denied']) {
    const isOne = (condition: CertificateSigningRequestCondition) => condition.type === type
    const before = previous.status?.conditions?.filter(isOne) ?? []
    const after = status?.conditions?.filter(isOne) ?? []
    if (!status?.conditions || before.length !== after.length) continue
    status.conditions = status.conditions.map(condition => (isOne(condition) ? before.shift()! : condition))
  }
}

/** In place: fills in times that are missing. */
export function stampConditions(
  request: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  nowMs: number,
): void {
  const now = formatTime(nowMs)
  for (const condition of request.status?.conditions ?? []) {
    condition.lastUpdateTime ||= now
    condition.lastTransitionTime ||=
      previous.status?.conditions?.find(
        ({ type, status, lastTransitionTime }) =>
          type === condition.type && status === condition.status && lastTransitionTime,
      )?.lastTransitionTime ?? now
  }
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
  nameRule: 'pathSegment',
  prepareForCreate: nameRequester,
  prepareForUpdate: (request, previous) => {
    request.spec = previous.spec
  },
  prepareForStatusUpdate(request, previous, nowMs) {
    keepVerdicts(request, previous)
    stampConditions(request, previous, nowMs)
  },
  validate: validateCreate,
  validateUpdate,
  validatesUpdateAlone: true,
  validateStatusUpdate,
})
