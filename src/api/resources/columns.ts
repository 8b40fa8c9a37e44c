// What the printer columns of several kinds have in common, worded as upstream's printers word it
// (pkg/printers/internalversion, labels.FormatLabels, metav1.FormatLabelSelector).
import type { LabelSelector, LabelSelectorRequirement, PodSpec } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import { column } from '../resource.ts'

/** The NAME column that nearly every kind begins with. */
export const nameColumn = column<KubeObject>('Name', object => object.metadata.name ?? '', {
  format: 'name',
  description: 'Name of the object, unique within its namespace.',
})

/** `a=1,b=2`, sorted; `<none>` when empty. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

function formatRequirement({ key, operator, values }: LabelSelectorRequirement): string {
  const list = `(${[...(values ?? [])].sort().join(',')})`
  switch (operator) {
    case 'In':
      return `${key} in ${list}`
    case 'NotIn':
      return `${key} notin ${list}`
    case 'Exists':
      return key
    default:
      return `!${key}`
  }
}

/** `a=1,b in (x,y)`; `<none>` for one that selects everything. */
export function formatSelector(selector: LabelSelector | undefined): string {
  const requirements = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` })),
    ...(selector?.matchExpressions ?? []).map(found => ({ key: found.key, text: formatRequirement(found) })),
  ]
  if (requirements.length === 0) return '<none>'
  return requirements
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ text }) => text)
    .join(',')
}

/** The wide columns CONTAINERS and IMAGES of everything that holds a Pod template. */
export const containerNames = (spec: PodSpec | undefined) =>
  (spec?.containers ?? []).map(container => container.name).join(',')
export const containerImages = (spec: PodSpec | undefined) =>
  (spec?.containers ?? []).map(container => container.image ?? '').join(',')

/** The first three of a list, and how many more there are: `a,b,c + 2 more...`. */
export function formatFew(texts: readonly string[]): string {
  const shown = texts.slice(0, 3).join(',')
  return texts.length > 3 ? `${shown} + ${texts.length - 3} more...` : shown
}

/** What kinds show that upstream's printers give no age. */
export const createdAtColumn = column<KubeObject>(
  'Created At',
  object => object.metadata.creationTimestamp ?? null,
  { type: 'date' },
)

/** An optional boolean as kubectl prints it. */
export function formatBoolean(value: boolean | undefined): string {
  if (value === undefined) return '<unset>'
  return value ? 'True' : 'False'
}

const accessModes: readonly (readonly [mode: string, text: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
]

/** `RWO,RWX`. */
export const formatAccessModes = (modes: readonly string[] | undefined): string =>
  accessModes
    .filter(([mode]) => modes?.includes(mode))
    .map(([, text]) => text)
    .join(',')
