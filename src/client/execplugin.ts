// Exec credential plugins (client.authentication.k8s.io v1 and v1beta1, KEP-541): a command that prints
// credentials, told what it is for in the environment variable KUBERNETES_EXEC_INFO.
import { spawn } from 'node:child_process'
import { parseTime } from '../api/meta/timestamps.ts'
import type { Credentials } from './credentials.ts'
import type { ClientConfig, KubeconfigExec } from './kubeconfig.ts'

export type Environment = Readonly<Record<string, string | undefined>>

interface ExecCredential {
  readonly apiVersion?: string
  readonly kind?: string
  readonly status?: {
    readonly token?: string
    readonly clientCertificateData?: string
    readonly clientKeyData?: string
    readonly expirationTimestamp?: string
  }
}

export interface PluginHost {
  readonly environment: Environment
  /** Whether somebody sits at standard input: the plugin may ask for a password then. */
  readonly isTerminal: boolean
}

const group = 'client.authentication.k8s.io'
const versions = [`${group}/v1`, `${group}/v1beta1`]

export interface PluginAnswer {
  readonly credentials: Credentials
  /** Infinity: they do not expire. */
  readonly untilMs: number
}

/** The command that the kubeconfig names gives no credentials. */
export class ExecPluginError extends Error {}

const cannot = (exec: KubeconfigExec, why: string) =>
  new ExecPluginError(`Cannot get credentials from ${exec.command}: ${why}`)

function isInteractive(exec: KubeconfigExec, { isTerminal }: PluginHost): boolean {
  const { interactiveMode = 'IfAvailable' } = exec
  if (interactiveMode === 'Always' && !isTerminal) {
    throw cannot(exec, 'it asks for input, expected a terminal as standard input')
  }
  return interactiveMode !== 'Never' && isTerminal
}

function clusterInfo(config: ClientConfig): object {
  const { server, ca, tlsServerName, insecureSkipTLSVerify, proxyURL, execClusterConfig } = config
  return {
    server,
    ...(tlsServerName ? { 'tls-server-name': tlsServerName } : {}),
    ...(insecureSkipTLSVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}),
    ...(proxyURL ? { 'proxy-url': proxyURL } : {}),
    ...(execClusterConfig === undefined ? {} : { config: execClusterConfig }),
  }
}

export async function runExecPlugin(
  exec: KubeconfigExec,
  config: ClientConfig,
  host: PluginHost,
): Promise<PluginAnswer> {
  const { apiVersion = '' } = exec
  if (!versions.includes(apiVersion)) {
    throw cannot(exec, `its apiVersion is "${apiVersion}", expected ${versions.join(' or ')}`)
  }
  const interactive = isInteractive(exec, host)
  const cluster = exec.provideClusterInfo ? { cluster: clusterInfo(config) } : {}
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive, ...cluster } }
  const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]))
  const env = { ...host.environment, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) }
  return readAnswer(exec, await outputOf(exec, env, interactive))
}

/** What it writes to standard error, a login link for example, is for the person at the terminal. */
function outputOf(exec: KubeconfigExec, env: Environment, interactive: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const stdin = interactive ? 'inherit' : 'ignore'
    const child = spawn(exec.command, exec.args ?? [], { env, stdio: [stdin, 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', error => {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      const hint = exec.installHint ? `\n${exec.installHint}` : ''
      reject(cannot(exec, isMissing ? `there is no such command${hint}` : error.message))
    })
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString())
      else reject(cannot(exec, `it ended with ${signal ?? `exit code ${code}`}`))
    })
  })
}

function readAnswer(exec: KubeconfigExec, text: string): PluginAnswer {
  const answer = parseAnswer(exec, text)
  const { kind = 'an object without kind', apiVersion = 'and apiVersion' } = answer
  if (apiVersion !== exec.apiVersion || kind !== 'ExecCredential') {
    throw cannot(exec, `it printed ${kind} ${apiVersion}, expected ExecCredential ${exec.apiVersion}`)
  }
  const {
    token,
    clientCertificateData: certificate,
    clientKeyData: key,
    expirationTimestamp,
  } = answer.status ?? {}
  if (!token && !(certificate && key)) {
    throw cannot(exec, 'it printed no credentials, expected a token or a client certificate with its key')
  }
  const credentials = {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(certificate && key ? { certificate, key } : {}),
  }
  return { credentials, untilMs: parseTime(expirationTimestamp) ?? Number.POSITIVE_INFINITY }
}

function parseAnswer(exec: KubeconfigExec, text: string): ExecCredential {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw cannot(exec, 'it printed no JSON, expected an ExecCredential')
  }
  if (typeof answer === 'object' && answer !== null) return answer
  throw cannot(exec, 'it printed no object, expected an ExecCredential')
}
