// ServiceAccount: an identity for Pods. Tokens are requested from its `token` subresource (KEP-1205).
import type { ServiceAccount } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const mountable = 'kubernetes.io/enforce-mountable-secrets'

export const serviceAccounts = defineResource<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  shortNames: ['sa'],
  namespaced: true,
  subresources: [
    {
      name: 'token',
      kind: 'TokenRequest',
      group: 'authentication.k8s.io',
      version: 'v1',
      verbs: ['create'],
    },
  ],
  columns: [nameColumn, column('Secrets', account => account.secrets?.length ?? 0), ageColumn],
  warnings({ metadata }, previous) {
    if (!metadata.annotations?.[mountable] || previous?.metadata.annotations?.[mountable]) return []
    const why = 'prefer separate namespaces to isolate access to mounted secrets'
    return [`metadata.annotations[${mountable}]: deprecated in v1.32+; ${why}`]
  },
})
