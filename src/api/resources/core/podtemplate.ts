// PodTemplate: a description of a Pod on its own.
import type { PodTemplate } from '../../generated/types.ts'
import { column, defineResource } from '../../resource.ts'
import { containerImages, containerNames, formatLabels, nameColumn } from '../columns.ts'
import { defaultPodTemplate } from './pod/defaults.ts'
import { validatePodTemplate } from './pod/validation/spec.ts'

export const podTemplates = defineResource<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  resource: 'podtemplates',
  namespaced: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Containers', ({ template }) => containerNames(template?.spec)),
    column('Images', ({ template }) => containerImages(template?.spec)),
    column('Pod Labels', ({ template }) => formatLabels(template?.metadata?.labels)),
  ],
  default: podTemplate => {
    podTemplate.template ??= {}
    defaultPodTemplate(podTemplate.template)
  },
  validate: ({ template }) => validatePodTemplate(template ?? {}, 'template'),
})
