// Label selectors and node selectors, compiled once per Pod and asked once per node. Semantics of
// apimachinery's labels.Selector and component-helpers' nodeaffinity.
import type {
  LabelSelector,
  Node,
  NodeSelectorRequirement,
  NodeSelectorTerm,
} from '../api/generated/types.ts'

export type Labels = Readonly<Record<string, string>>
export type LabelMatcher = (labels: Labels) => boolean
export type NodeMatcher = (node: Node) => boolean

const integer = /^[+-]?\d+$/
const noLabels: Labels = {}

function matchRequirement(requirement: NodeSelectorRequirement): LabelMatcher {
  const { key, operator, values = [] } = requirement
  switch (operator) {
    case 'In':
      return labels => labels[key] !== undefined && values.includes(labels[key])
    case 'NotIn':
      return labels => labels[key] === undefined || !values.includes(labels[key])
    case 'Exists':
      return labels => labels[key] !== undefined
    case 'DoesNotExist':
      return labels => labels[key] === undefined
    case 'Gt':
    case 'Lt': {
      const bound = values[0] ?? ''
      const sign = operator === 'Gt' ? 1 : -1
      return labels => {
        const value = labels[key]
        if (value === undefined || !integer.test(value) || !integer.test(bound)) return false
        return sign * (Number(value) - Number(bound)) > 0
      }
    }
    default:
      return () => false
  }
}

/** An absent selector matches nothing, an empty one everything. */
export function compileLabelSelector(selector: LabelSelector | undefined): LabelMatcher {
  if (!selector) return () => false
  const equal = Object.entries(selector.matchLabels ?? {})
  const others = (selector.matchExpressions ?? []).map(matchRequirement)
  if (others.length === 0) return labels => equal.every(([key, value]) => labels[key] === value)
  return labels =>
    equal.every(([key, value]) => labels[key] === value) && others.every(matches => matches(labels))
}

/** A term without any requirement matches nothing. */
export function compileNodeSelectorTerm(term: NodeSelectorTerm): NodeMatcher {
  const labels = (term.matchExpressions ?? []).map(matchRequirement)
  const fields = (term.matchFields ?? []).map(matchRequirement)
  if (labels.length + fields.length === 0) return () => false
  return node => {
    const values = node.metadata.labels ?? noLabels
    if (!labels.every(matches => matches(values))) return false
    if (fields.length === 0) return true
    const names = { 'metadata.name': node.metadata.name ?? '' }
    return fields.every(matches => matches(names))
  }
}

/** Terms are alternatives. */
export function compileNodeSelectorTerms(terms: readonly NodeSelectorTerm[]): NodeMatcher {
  const compiled = terms.map(compileNodeSelectorTerm)
  return node => compiled.some(matches => matches(node))
}
