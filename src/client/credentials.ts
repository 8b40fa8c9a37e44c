// Where the Authorization header comes from: a token, a file that is replaced now and then, a password, or an
// exec plugin (client.authentication.k8s.io), whose answer is kept until it expires.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { parseTime } from '../api/meta/timestamps.ts'
import type { Clock } from '../component/clock.ts'
import type { ClientConfig, KubeconfigExec } from './kubeconfig.ts'

/** How long a token from a file may be used before the file is read again. */
const tokenFileMs = 60_000

export interface Credentials {
  readonly authorization?: string
  /** PEM, from an exec plugin. */
  readonly certificate?: string
  readonly key?: string
}

interface ExecCredential {
  readonly status?: {
    readonly token?: string
    readonly clientCertificateData?: string
    readonly clientKeyData?: string
    readonly expirationTimestamp?: string
  }
}

type Environment = Readonly<Record<string, string | undefined>>

async function runPlugin(
  { command, args, env, apiVersion }: KubeconfigExec,
  inherited: Environment,
): Promise<ExecCredential> {
  const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } })
  const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]))
  const options = { env: { ...inherited, ...own, KUBERNETES_EXEC_INFO: info } }
  const { stdout } = await promisify(execFile)(command, args ?? [], options)
  return JSON.parse(stdout) as ExecCredential
}

export class CredentialSource {
  readonly #config: ClientConfig
  readonly #clock: Clock
  readonly #environment: Environment
  #cached: { readonly credentials: Credentials; readonly untilMs: number } | undefined
  #running: Promise<Credentials> | undefined

  /** `environment` is what an exec plugin inherits. */
  constructor(config: ClientConfig, clock: Clock, environment: Environment = {}) {
    this.#environment = environment
    this.#config = config
    this.#clock = clock
  }

  /** Asks the file or the plugin only when what it said before has run out. */
  async get(): Promise<Credentials> {
    if (this.#cached && this.#clock.now() < this.#cached.untilMs) return this.#cached.credentials
    this.#running ??= this.#read().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** The server refused them: ask anew next time. */
  forget(): void {
    this.#cached = undefined
  }

  async #read(): Promise<Credentials> {
    const { token, tokenFile, username, password, exec } = this.#config
    if (tokenFile) {
      const text = (await readFile(tokenFile, 'utf8')).trim()
      return this.#keep({ authorization: `Bearer ${text}` }, this.#clock.now() + tokenFileMs)
    }
    if (token) return this.#keep({ authorization: `Bearer ${token}` })
    if (username !== undefined && password !== undefined) {
      const pair = Buffer.from([username, password].join(':')).toString('base64')
      return this.#keep({ authorization: `Basic ${pair}` })
    }
    if (!exec) return this.#keep({})
    const { status } = await runPlugin(exec, this.#environment)
    const credentials = {
      ...(status?.token ? { authorization: `Bearer ${status.token}` } : {}),
      ...(status?.clientCertificateData ? { certificate: status.clientCertificateData } : {}),
      ...(status?.clientKeyData ? { key: status.clientKeyData } : {}),
    }
    return this.#keep(credentials, parseTime(status?.expirationTimestamp))
  }

  #keep(credentials: Credentials, untilMs = Number.POSITIVE_INFINITY): Credentials {
    this.#cached = { credentials, untilMs }
    return credentials
  }
}
