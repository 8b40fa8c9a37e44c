// Ingress: HTTP routing into the cluster. Rules as upstream's pkg/apis/networking.
import { type FieldError, notSupported, required } from '../../fields.ts'
import type { Ingress, IngressBackend } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']

function formatHosts({ spec }: Ingress): string {
  const rules = spec?.rules ?? []
  const hosts = rules.slice(0, 3).flatMap(rule => rule.host || [])
  if (hosts.length === 0) return '*'
  return rules.length > 3 ? `${hosts.join(',')} + ${rules.length - 3} more...` : hosts.join(',')
}

function formatAddress({ status }: Ingress): string {
  const points = status?.loadBalancer?.ingress ?? []
  return [...new Set(points.flatMap(point => point.ip || point.hostname || []))].sort().join(',')
}

function validateBackend(backend: IngressBackend, field: string): FieldError[] {
  if (backend.resource) return []
  if (!backend.service) return [required(field, 'resource or service backend is required')]
  const { name, port } = backend.service
  return [
    ...(name ? [] : [required(`${field}.service.name`)]),
    ...(port?.name || port?.number ? [] : [required(`${field}`, 'port name or number is required')]),
  ]
}

function validate({ spec }: Ingress): FieldError[] {
  if (!spec?.rules?.length && !spec?.defaultBackend) {
    return [
      {
        reason: 'FieldValueInvalid',
        field: 'spec',
        message: 'Invalid value: either `defaultBackend` or `rules` must be specified',
      },
    ]
  }
  const paths = (spec.rules ?? []).flatMap((rule, index) =>
    (rule.http?.paths ?? []).map((path, at) => ({ path, field: `spec.rules[${index}].http.paths[${at}]` })),
  )
  return [
    ...(spec.defaultBackend ? validateBackend(spec.defaultBackend, 'spec.defaultBackend') : []),
    ...paths.flatMap(({ path, field }) => [
      ...(path.pathType ? [] : [required(`${field}.pathType`, 'pathType must be specified')]),
      ...(path.pathType && !pathTypes.includes(path.pathType)
        ? [notSupported(`${field}.pathType`, path.pathType, pathTypes)]
        : []),
      ...validateBackend(path.backend ?? {}, `${field}.backend`),
    ]),
  ]
}

export const ingresses = defineResource<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  resource: 'ingresses',
  shortNames: ['ing'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column(
      'Class',
      ({ metadata, spec }) =>
        spec?.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class'] ?? '<none>',
    ),
    column('Hosts', formatHosts),
    column('Address', formatAddress),
    column('Ports', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
  prepareForCreate: ingress => {
    ingress.status = { loadBalancer: {} }
  },
  validate,
})
