// What mutating and validating webhooks have in common (pkg/apis/admissionregistration).
import { type FieldError, required } from '../../fields.ts'
import type { MutatingWebhook, ValidatingWebhook } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import type { KubeObject } from '../../object.ts'
import { type Column, column } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

export const group = 'admissionregistration.k8s.io'

type AnyWebhook = MutatingWebhook | ValidatingWebhook

export function defaultWebhook(webhook: AnyWebhook): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  webhook.timeoutSeconds ??= 10
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443
  for (const rule of webhook.rules ?? []) rule.scope ??= '*'
}

export function validateWebhooks(webhooks: readonly AnyWebhook[] | undefined): FieldError[] {
  return (webhooks ?? []).flatMap((webhook, index) => {
    const field = `webhooks[${index}]`
    return [
      ...(webhook.name ? [] : [required(`${field}.name`)]),
      ...(webhook.sideEffects
        ? []
        : [required(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun')]),
      ...(webhook.admissionReviewVersions?.length
        ? []
        : [required(`${field}.admissionReviewVersions`, 'must specify one of v1, v1beta1')]),
      ...(webhook.clientConfig?.service || webhook.clientConfig?.url
        ? []
        : [required(`${field}.clientConfig`, 'exactly one of url or service is required')]),
    ]
  })
}

interface WithWebhooks extends KubeObject {
  webhooks?: AnyWebhook[]
}

export const webhookColumns: Column<WithWebhooks>[] = [
  nameColumn,
  column('Webhooks', ({ webhooks }) => webhooks?.length ?? 0, { type: 'integer' }),
  ageColumn,
]

/** `apps/v1/Deployment`, or `<unset>`. */
export const formatParamKind = (kind: { apiVersion?: string; kind?: string } | undefined): string =>
  kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>'

/** `ns/name`, or `<unset>`. */
export function formatParamRef(
  reference: { namespace?: string; name?: string; selector?: unknown } | undefined,
): string {
  if (!reference) return '<unset>'
  const name = reference.name || '*'
  return reference.namespace ? `${reference.namespace}/${name}` : `*/${name}`
}
