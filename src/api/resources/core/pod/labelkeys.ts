// `matchLabelKeys` of affinity terms and spread constraints (KEP-3633, KEP-3243): when the Pod is made,
// the values of its own labels are written into the label selectors, which the scheduler then goes by.
import type { LabelSelector, Pod } from '../../../generated/types.ts'

function add(selector: LabelSelector, keys: readonly string[] | undefined, options: Options): void {
  for (const key of keys ?? []) {
    const value = options.labels?.[key]
    if (value === undefined) continue
    selector.matchExpressions ??= []
    selector.matchExpressions.push({ key, operator: options.operator, values: [value] })
  }
}

interface Options {
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly operator: 'In' | 'NotIn'
}

/** In place. */
export function applyLabelKeys({ metadata, spec }: Pod): void {
  const { labels } = metadata
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    const affinity = spec?.affinity?.[kind]
    if (!affinity) continue
    const terms = [
      ...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(term => term.podAffinityTerm),
    ]
    for (const term of terms) {
      if (!term?.labelSelector) continue
      add(term.labelSelector, term.matchLabelKeys, { labels, operator: 'In' })
      add(term.labelSelector, term.mismatchLabelKeys, { labels, operator: 'NotIn' })
    }
  }
  for (const { labelSelector, matchLabelKeys } of spec?.topologySpreadConstraints ?? []) {
    if (labelSelector) add(labelSelector, matchLabelKeys, { labels, operator: 'In' })
  }
}
