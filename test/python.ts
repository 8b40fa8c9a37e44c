// Debian's Python and its Kubernetes client, python3-kubernetes.
import { execFileSync } from 'node:child_process'
import { missingProgram } from './debian.ts'

/** Another Python that is found first does not have Debian's packages. */
export const python3 = '/usr/bin/python3'

function hasClient(): boolean {
  try {
    execFileSync(python3, ['-c', 'import kubernetes'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Why the tests in Python are skipped, or false. */
export const missingPythonClient = (): string | false =>
  missingProgram('python3-kubernetes', { isThere: hasClient, packages: ['python3-kubernetes'] })
