// IPAddresses (KEP-1880): one object per address that is in use, named by the address in canonical form, so
// that no address can be given out twice.
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type { IPAddress } from '../../generated/types.ts'
import { validateAddress } from '../../meta/addresses.ts'
import { dns1123Subdomain, pathSegment } from '../../meta/names.ts'
import { immutable } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function validateParent({ spec }: IPAddress): readonly FieldError[] {
  const { parentRef } = spec ?? {}
  const field = 'spec.parentRef'
  if (!parentRef) return [required(field)]
  const { group, resource, namespace, name } = parentRef
  const text = (value: string, at: string, rule = pathSegment) =>
    rule(value).map(problem => invalidValue(`${field}.${at}`, value, problem))
  return [
    ...(group ? text(group, 'group', dns1123Subdomain) : []),
    ...(resource ? text(resource, 'resource') : [required(`${field}.resource`)]),
    ...(name ? text(name, 'name') : [required(`${field}.name`)]),
    ...(namespace ? text(namespace, 'namespace') : []),
  ]
}

const formatParent = ({ spec }: IPAddress) => {
  const { group, resource, namespace, name } = spec?.parentRef ?? {}
  const kind = group ? `${resource}.${group}` : resource
  return [kind, namespace, name].filter(part => part).join('/') || '<none>'
}

export const ipAddresses = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  resource: 'ipaddresses',
  namespaced: false,
  shortNames: ['ip'],
  columns: [nameColumn, column('ParentRef', formatParent)],
  nameRule: 'pathSegment',
  validate: object => [
    ...validateAddress(object.metadata.name ?? '', 'metadata.name'),
    ...validateParent(object),
  ],
  validateUpdate: (object, previous) =>
    immutable(object.spec?.parentRef, previous.spec?.parentRef, 'spec.parentRef'),
  validatesUpdateAlone: true,
})
