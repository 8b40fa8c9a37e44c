// What else a Pod tells the scheduler: tolerations, spreading over topologies, gates and readiness gates.
import { duplicate, forbiddenField, invalidValue, notSupported, required } from '../../../../fields.ts'
import type { PodSpec, Toleration, TopologySpreadConstraint } from '../../../../generated/types.ts'
import { labelValue, qualifiedName } from '../../../../meta/names.ts'
import { validateLabelSelector } from '../../../../meta/objectmeta.ts'
import { checkText, type PodCheck } from './check.ts'

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const operators = ['Equal', 'Exists']

export function checkTolerations(tolerations: readonly Toleration[], field: string, check: PodCheck): void {
  const { errors } = check
  tolerations.forEach((toleration, index) => {
    const at = `${field}[${index}]`
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration
    if (key !== '') checkText(key, qualifiedName, { field: `${at}.key`, check })
    else if (operator !== 'Exists') {
      const meaning = 'which means "match all values and all keys"'
      const detail = `operator must be Exists when \`key\` is empty, ${meaning}`
      errors.push(invalidValue(`${at}.operator`, operator, detail))
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
      errors.push(invalidValue(`${at}.effect`, effect, detail))
    }
    if (operator === '' || operator === 'Equal') {
      const problems = labelValue(value)
      if (problems.length > 0) errors.push(invalidValue(`${at}.operator`, value, problems.join(';')))
    } else if (operator === 'Exists') {
      if (value !== '') {
        const detail = "value must be empty when `operator` is 'Exists'"
        errors.push(invalidValue(`${at}.operator`, value, detail))
      }
    } else errors.push(notSupported(`${at}.operator`, operator, operators))
    if (effect !== '' && !effects.includes(effect)) {
      errors.push(notSupported(`${at}.effect`, effect, effects))
    }
  })
}

const actions = ['DoNotSchedule', 'ScheduleAnyway']
const policies = ['Honor', 'Ignore']
const positiveText = 'must be greater than zero'

export function checkSpread(
  constraints: readonly TopologySpreadConstraint[],
  field: string,
  check: PodCheck,
): void {
  const { errors } = check
  const pairOf = ({ topologyKey, whenUnsatisfiable }: TopologySpreadConstraint) =>
    JSON.stringify([topologyKey, whenUnsatisfiable])
  const lastPlaces = new Map(constraints.map((constraint, index) => [pairOf(constraint), index]))
  constraints.forEach((constraint, index) => {
    const at = `${field}[${index}]`
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable: action = '', minDomains } = constraint
    if (maxSkew <= 0) errors.push(invalidValue(`${at}.maxSkew`, maxSkew, positiveText))
    if (topologyKey === '') errors.push(required(`${at}.topologyKey`, 'can not be empty'))
    if (!actions.includes(action)) errors.push(notSupported(`${at}.whenUnsatisfiable`, action, actions))
    if (lastPlaces.get(pairOf(constraint))! > index) {
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${action}}`))
    }
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.push(invalidValue(`${at}.minDomains`, minDomains, positiveText))
      if (action !== 'DoNotSchedule') {
        const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`
        errors.push(invalidValue(`${at}.minDomains`, minDomains, detail))
      }
    }
    for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[name]
      if (policy !== undefined && !policies.includes(policy)) {
        errors.push(notSupported(`${at}.${name}`, policy, policies))
      }
    }
    checkMatchLabelKeys(constraint, at, check)
    errors.push(...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`))
  })
}

function checkMatchLabelKeys(constraint: TopologySpreadConstraint, field: string, check: PodCheck): void {
  const { matchLabelKeys: keys = [], labelSelector } = constraint
  if (keys.length === 0) return
  const at = `${field}.matchLabelKeys`
  if (!labelSelector) {
    check.errors.push(forbiddenField(at, 'must not be specified when labelSelector is not set'))
  }
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}))
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    if (keys.includes(key) && selected.has(key)) {
      const detail = 'exists in both matchLabelKeys and labelSelector'
      check.errors.push(invalidValue(`${at}[${keys.indexOf(key)}]`, key, detail))
    }
    selected.add(key)
  }
  keys.forEach((key, index) => {
    checkText(key, qualifiedName, { field: `${at}[${index}]`, check })
  })
}

export function checkGates(
  { readinessGates, schedulingGates }: PodSpec,
  field: string,
  check: PodCheck,
): void {
  readinessGates?.forEach(({ conditionType }, index) => {
    const at = `${field}.readinessGates[${index}].conditionType`
    checkText(conditionType ?? '', qualifiedName, { field: at, check })
  })
  const seen = new Set<string>()
  schedulingGates?.forEach(({ name = '' }, index) => {
    const at = `${field}.schedulingGates[${index}]`
    checkText(name, qualifiedName, { field: at, check })
    if (seen.has(name)) check.errors.push(duplicate(at, name))
    seen.add(name)
  })
}
