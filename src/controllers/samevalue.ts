// Whether two API values say the same, as controllers ask before they write.
import { comparison } from '../api/meta/samevalue.ts'

/** An absent field is an undefined one. */
export const sameValue = comparison(value => value === undefined)

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === 0 ||
  value === '' ||
  value === false ||
  (typeof value === 'object' && Object.values(value).every(isEmpty))

/** `sameValue`, but an absent field is also the same as an empty one: a server may leave those out. */
export const sameStatus = comparison(isEmpty)
