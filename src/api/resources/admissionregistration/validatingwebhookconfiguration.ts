// ValidatingWebhookConfiguration: webhooks that may refuse objects before they are stored.
import type { ValidatingWebhookConfiguration } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { defaultWebhook, group, validateWebhooks, webhookColumns } from './webhook.ts'

export const validatingWebhookConfigurations = defineResource<ValidatingWebhookConfiguration>({
  group,
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  resource: 'validatingwebhookconfigurations',
  categories: ['api-extensions'],
  namespaced: false,
  hasGeneration: true,
  columns: webhookColumns,
  default: ({ webhooks }) => {
    for (const webhook of webhooks ?? []) defaultWebhook(webhook)
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks),
})
