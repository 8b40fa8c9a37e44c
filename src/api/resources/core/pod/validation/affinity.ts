// Node and Pod affinity: selectors of nodes by label and name, and of Pods by label and topology.
import { forbiddenField, invalidValue, required } from '../../../../fields.ts'
import type {
  Affinity,
  LabelSelector,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from '../../../../generated/types.ts'
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../../../meta/names.ts'
import { validateLabelSelector } from '../../../../meta/objectmeta.ts'
import { checkText, type PodCheck } from './check.ts'

const needed = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

export function checkAffinity(affinity: Affinity, field: string, check: PodCheck): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity
  if (nodeAffinity?.[needed])
    checkNodeSelector(nodeAffinity[needed], `${field}.nodeAffinity.${needed}`, check)
  nodeAffinity?.[preferred]?.forEach(({ weight, preference }, index) => {
    const at = `${field}.nodeAffinity.${preferred}[${index}]`
    checkWeight(weight, at, check)
    checkTerm(preference ?? {}, `${at}.preference`, { check, anyValue: true })
  })
  if (podAffinity) checkPodAffinity(podAffinity, `${field}.podAffinity`, check)
  if (podAntiAffinity) checkPodAffinity(podAntiAffinity, `${field}.podAntiAffinity`, check)
}

function checkWeight(weight: number | undefined, field: string, { errors }: PodCheck): void {
  if (weight !== undefined && weight > 0 && weight <= 100) return
  errors.push(invalidValue(`${field}.weight`, weight ?? 0, 'must be in the range 1-100'))
}

function checkNodeSelector(selector: NodeSelector, field: string, check: PodCheck): void {
  const terms = selector.nodeSelectorTerms ?? []
  if (terms.length === 0) {
    const detail = 'must have at least one node selector term'
    check.errors.push(required(`${field}.nodeSelectorTerms`, detail))
  }
  terms.forEach((term, index) => {
    checkTerm(term, `${field}.nodeSelectorTerms[${index}]`, { check, anyValue: false })
  })
}

interface TermOptions {
  readonly check: PodCheck
  /** Preferences take values that no label can have. */
  readonly anyValue: boolean
}

function checkTerm(term: NodeSelectorTerm, field: string, { check, anyValue }: TermOptions): void {
  term.matchExpressions?.forEach((requirement, index) => {
    const at = `${field}.matchExpressions[${index}]`
    checkRequirement(requirement, at, check)
    if (anyValue) return
    requirement.values?.forEach((value, position) => {
      checkText(value, labelValue, { field: `${at}.values[${position}]`, check })
    })
  })
  term.matchFields?.forEach((requirement, index) => {
    checkFieldRequirement(requirement, `${field}.matchFields[${index}]`, check)
  })
}

function checkRequirement(requirement: NodeSelectorRequirement, field: string, check: PodCheck): void {
  const { key = '', operator, values = [] } = requirement
  const { errors } = check
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
      }
      break
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.push(forbiddenField(`${field}.values`, detail))
      }
      break
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        const detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        errors.push(required(`${field}.values`, detail))
      }
      break
    default:
      errors.push(invalidValue(`${field}.operator`, operator ?? '', 'not a valid selector operator'))
  }
  checkText(key, qualifiedName, { field: `${field}.key`, check })
}

function checkFieldRequirement(requirement: NodeSelectorRequirement, field: string, check: PodCheck): void {
  const { key = '', operator, values = [] } = requirement
  const { errors } = check
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(invalidValue(`${field}.operator`, operator ?? '', 'not a valid selector operator'))
  } else if (values.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    errors.push(required(`${field}.values`, detail))
  }
  if (key !== 'metadata.name') {
    errors.push(invalidValue(`${field}.key`, key, 'not a valid field selector key'))
    return
  }
  values.forEach((value, index) => {
    checkText(value, dns1123Subdomain, { field: `${field}.values[${index}]`, check })
  })
}

function checkPodAffinity(affinity: PodAffinity, field: string, check: PodCheck): void {
  affinity[needed]?.forEach((term, index) => {
    checkPodTerm(term, `${field}.${needed}[${index}]`, check)
  })
  affinity[preferred]?.forEach(({ weight, podAffinityTerm }, index) => {
    const at = `${field}.${preferred}[${index}]`
    checkWeight(weight, at, check)
    checkPodTerm(podAffinityTerm ?? { topologyKey: '' }, `${at}.podAffinityTerm`, check)
  })
}

function checkPodTerm(term: PodAffinityTerm, field: string, check: PodCheck): void {
  const { errors } = check
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [], topologyKey = '' } = term
  errors.push(...validateLabelSelector(labelSelector, `${field}.labelSelector`))
  errors.push(...validateLabelSelector(term.namespaceSelector, `${field}.namespaceSelector`))
  for (const name of term.namespaces ?? []) {
    checkText(name, dns1123Label, { field: `${field}.namespace`, check })
  }
  checkKeys(matchLabelKeys, `${field}.matchLabelKeys`, { check, labelSelector })
  checkKeys(mismatchLabelKeys, `${field}.mismatchLabelKeys`, { check, labelSelector })
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}))
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = matchLabelKeys.indexOf(key)
    if (index >= 0 && selected.has(key)) {
      errors.push(invalidValue(`${field}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'))
    }
    selected.add(key)
  }
  matchLabelKeys.forEach((key, index) => {
    if (!mismatchLabelKeys.includes(key)) return
    const detail = 'exists in both matchLabelKeys and mismatchLabelKeys'
    errors.push(invalidValue(`${field}.matchLabelKeys[${index}]`, key, detail))
  })
  if (topologyKey === '') errors.push(required(`${field}.topologyKey`, 'can not be empty'))
  checkText(topologyKey, qualifiedName, { field: `${field}.topologyKey`, check })
}

export function checkKeys(
  keys: readonly string[],
  field: string,
  { check, labelSelector }: { check: PodCheck; labelSelector: LabelSelector | undefined },
): void {
  if (keys.length === 0) return
  if (!labelSelector) {
    check.errors.push(forbiddenField(field, 'must not be specified when labelSelector is not set'))
    return
  }
  keys.forEach((key, index) => {
    checkText(key, qualifiedName, { field: `${field}[${index}]`, check })
  })
}
