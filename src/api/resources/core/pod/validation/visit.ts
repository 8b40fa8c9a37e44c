// All containers of a Pod spec, of every sort, with where they stand.
import type { Container, EphemeralContainer, PodSpec } from '../../../../generated/types.ts'

/** In the order of upstream: those that run first, the regular ones, those to look around with. */
export function visitContainers(
  spec: PodSpec,
  field: string,
  visit: (container: Container | EphemeralContainer, field: string) => void,
): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    spec[list]?.forEach((container, index) => {
      visit(container, `${field}.${list}[${index}]`)
    })
  }
}
