// Programs that tests need and Debian has: as root they are installed on first use.
import { execFileSync } from 'node:child_process'

function install(packages: readonly string[]): void {
  const apt = (...args: string[]) =>
    execFileSync('apt-get', args, {
      stdio: 'pipe',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  try {
    apt('install', '-y', '-qq', ...packages)
  } catch {
    apt('update', '-qq')
    apt('install', '-y', '-qq', ...packages)
  }
}

/**
 * Why the tests with a program are skipped, or false. Where nothing may be skipped they run, and fail.
 */
export function missingProgram(
  program: string,
  options: { readonly isThere: () => boolean; readonly packages: readonly string[] },
): string | false {
  if (options.isThere()) return false
  let reason = `there is no ${program}`
  if (process.getuid?.() === 0) {
    try {
      install(options.packages)
    } catch (error) {
      reason = `Cannot install ${program}: ${(error as Error).message}`
    }
  }
  return options.isThere() || process.env['NO_SKIP'] ? false : reason
}
