// Why a probe could not be made, in words for a person: the runner shows them as the reason for which a check
// is not evaluable.
import type { Text } from './text.ts'

export class ProbeError extends Error {
  readonly text: Text
  /** It was an accident: trying again once is worth it. */
  readonly isAccident: boolean

  constructor(text: Text, { isAccident = false }: { readonly isAccident?: boolean } = {}) {
    super(text.en)
    this.name = 'ProbeError'
    this.text = text
    this.isAccident = isAccident
  }
}
