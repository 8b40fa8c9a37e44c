// Tells the one refusal that no controller needs to worry about: the namespace is on its way out, and what
// was to be created in it is not wanted any more.
import { StatusError } from '../api/status.ts'

/** No creation in such a namespace can succeed, and none needs to. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  error.details?.causes?.some(cause => cause.reason === 'NamespaceTerminating') === true
