// Services: a stable address, or one per family, for a set of Pods (KEP-563 for the families, KEP-1880 for
// where the addresses come from). Addresses and node ports are filled in by apiserver/allocation.
import type { Service } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { serviceColumns } from './service/columns.ts'
import { defaultService } from './service/defaults.ts'
import { validateService, validateServiceStatus, validateServiceUpdate } from './service/validation.ts'
import { serviceWarnings } from './service/warnings.ts'

export const services = defineResource<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  namespaced: true,
  shortNames: ['svc'],
  categories: ['all'],
  hasStatus: true,
  subresources: [{ name: 'proxy', kind: 'ServiceProxyOptions', verbs: ['create', 'get', 'patch', 'update'] }],
  columns: serviceColumns,
  nameRule: 'dns1123Label',
  allowCreateOnUpdate: true,
  selectableFields: {
    'spec.clusterIP': service => service.spec?.clusterIP ?? '',
    'spec.type': service => service.spec?.type ?? '',
  },
  default: defaultService,
  prepareForCreate(service) {
    service.status = { loadBalancer: {} }
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validatesUpdateAlone: true,
  validateStatusUpdate: validateServiceStatus,
  warnings: serviceWarnings,
})
