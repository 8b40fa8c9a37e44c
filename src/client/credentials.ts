// Where the Authorization header comes from: a token, a file that is replaced now and then, a password, or an
// exec plugin (client.authentication.k8s.io), whose answer is kept until it expires.
import { readFile } from 'node:fs/promises'
import type { Clock } from '../component/clock.ts'
import { type PluginHost, runExecPlugin } from './execplugin.ts'
import type { ClientConfig } from './kubeconfig.ts'

/** How long a token from a file may be used before the file is read again. */
const tokenFileMs = 60_000

export interface Credentials {
  readonly authorization?: string
  /** PEM, from an exec plugin. */
  readonly certificate?: string
  readonly key?: string
}

export class CredentialSource {
  readonly #config: ClientConfig
  readonly #clock: Clock
  readonly #host: PluginHost
  #cached: { readonly credentials: Credentials; readonly untilMs: number } | undefined
  #running: Promise<Credentials> | undefined

  /** `host` is where an exec plugin would run. */
  constructor(config: ClientConfig, clock: Clock, host: PluginHost = { environment: {}, isTerminal: false }) {
    this.#host = host
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

  /**
   * The server refused them: ask anew next time. True when there may be others then: a file that was
   * replaced, a plugin that logs in again.
   */
  forget(): boolean {
    this.#cached = undefined
    return this.#config.tokenFile !== undefined || this.#config.exec !== undefined
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
    const { credentials, untilMs } = await runExecPlugin(exec, this.#config, this.#host)
    return this.#keep(credentials, untilMs)
  }

  #keep(credentials: Credentials, untilMs = Number.POSITIVE_INFINITY): Credentials {
    this.#cached = { credentials, untilMs }
    return credentials
  }
}
