// MutatingWebhookConfiguration: webhooks that may change objects before they are stored.
import type { MutatingWebhookConfiguration } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { defaultWebhook, group, validateWebhooks, webhookColumns } from './webhook.ts'

export const mutatingWebhookConfigurations = defineResource<MutatingWebhookConfiguration>({
  group,
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  resource: 'mutatingwebhookconfigurations',
  categories: ['api-extensions'],
  namespaced: false,
  hasGeneration: true,
  columns: webhookColumns,
  default: ({ webhooks }) => {
    for (const webhook of webhooks ?? []) {
      defaultWebhook(webhook)
      webhook.reinvocationPolicy ??= 'Never'
    }
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks),
})
