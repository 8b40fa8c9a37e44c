// Node.js 24, from a package of npm's registry, for the tests that do not run on 20. It is unpacked below
// node_modules/.cache and nowhere else.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installProgram, root } from './kubectl.ts'

const version = '24.21.0'
const platform = process.platform === 'win32' ? 'win' : process.platform
const target = join(root, 'node_modules/.cache/node', version, 'node')

function fetchNode(): void {
  const folder = mkdtempSync(join(tmpdir(), 'node24-'))
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    const archive = run('npm', ['pack', '--silent', `node-${platform}-${process.arch}@${version}`]).trim()
    run('tar', ['-xzf', archive, 'package/bin/node'])
    installProgram(target, join(folder, 'package/bin/node'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Its path, fetched on first use; throws with the reason when it cannot be had. */
export function findNode24(): string {
  if (!existsSync(target)) fetchNode()
  return target
}

/** Why the tests with it are skipped, or false. Where nothing may be skipped they run, and fail. */
export function missingNode24(): string | false {
  try {
    findNode24()
    return false
  } catch (error) {
    if (process.env['NO_SKIP']) throw error
    return `Cannot get Node.js ${version}: ${(error as Error).message}`
  }
}
