// Programs that tests need and Debian has: as root they are installed on first use.
import { execFileSync } from 'node:child_process'

const isLocked = (error: unknown) =>
  String((error as { stderr?: Buffer }).stderr).includes('Could not get lock')

/** Runs apt-get; while others have locked what it needs it waits, up to ten minutes. */
export function apt(args: readonly string[], folder?: string): void {
  for (let tries = 0; ; tries++) {
    try {
      execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=3', ...args], {
        ...(folder === undefined ? {} : { cwd: folder }),
        stdio: 'pipe',
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      })
      return
    } catch (error) {
      // The lists of packages have a lock of their own, for which that option is not.
      if (!isLocked(error) || tries === 120) throw error
      execFileSync('sleep', ['5'])
    }
  }
}

function install(packages: readonly string[]): void {
  const installThem = () => apt(['install', '-y', '-qq', ...packages])
  try {
    installThem()
  } catch {
    apt(['update', '-qq'])
    installThem()
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
