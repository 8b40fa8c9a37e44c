// certificatesigningrequests/approval: says whether a request is approved or denied, and changes nothing
// else.
import type { CertificateSigningRequest } from '../../api/generated/types.ts'
import { stampConditions } from '../../api/resources/certificates.k8s.io/certificatesigningrequest.ts'
import { validateApprovalUpdate } from '../../api/resources/certificates.k8s.io/validation.ts'
import { keepAllBut } from './status.ts'
import type { UpdateStrategy } from './strategy.ts'

export const approvalStrategy = (): UpdateStrategy => ({
  bumpsGeneration: false,
  isMain: false,
  prepare(object, previous, nowMs) {
    const [request, before] = [object, previous] as CertificateSigningRequest[]
    keepAllBut('status', object, previous)
    stampConditions(request!, before!, nowMs)
    const { conditions: _, ...rest } = before!.status ?? {}
    const { conditions = [] } = request!.status ?? {}
    request!.status = { ...rest, ...(conditions.length > 0 ? { conditions } : {}) }
  },
  validate: (object, previous) =>
    validateApprovalUpdate(object as CertificateSigningRequest, previous as CertificateSigningRequest),
})
