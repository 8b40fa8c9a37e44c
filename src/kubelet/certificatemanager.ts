// Keeps one of a node's certificates: on disk, so that it outlives the process, and fresh, by asking for a
// new one when between 70 and 90 percent of its time are over (upstream's k8s.io/client-go
// util/certificate/certificate_manager.go).
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import type { Logger } from '../component/log.ts'
import type { KeyedCertificate } from '../x509/certificates.ts'

export interface CertificateManagerOptions {
  /** What it is for, in the log. */
  readonly purpose: string
  readonly clock: Clock
  readonly log: Logger
  /** PEM: certificates of others are of no use. */
  readonly ca: string
  /** Whether a certificate that was kept names what it should name now. */
  fits(certificate: X509Certificate): boolean
  /** Where it is kept: certificate and key in PEM. */
  readonly path: string
  /** What the node was given; the newer of this and the kept one is used. */
  readonly given?: KeyedCertificate | undefined
  request(signal: AbortSignal): Promise<KeyedCertificate>
  /** Told of each new one. */
  readonly onChange?: (current: KeyedCertificate) => void
}

const firstPauseMs = 1000
const longestPauseMs = 5 * 60_000
const keyStart = '-----BEGIN PRIVATE KEY-----'

interface Validity {
  readonly fromMs: number
  readonly toMs: number
}

function validityOf({ certificate }: KeyedCertificate): Validity {
  const { validFrom, validTo } = new X509Certificate(certificate)
  return { fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) }
}

function readKept(path: string): KeyedCertificate | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    const at = text.indexOf(keyStart)
    return at < 0 ? undefined : { certificate: text.slice(0, at), key: text.slice(at) }
  } catch {
    return undefined
  }
}

function keep(path: string, { certificate, key }: KeyedCertificate): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(`${path}.new`, certificate + key, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** When to ask for the next one: `chance` is between 0 and 1. */
export const planRenewal = ({ fromMs, toMs }: Validity, chance: number): number =>
  fromMs + (toMs - fromMs) * (0.7 + 0.2 * chance)

export class CertificateManager implements Component {
  readonly name: string
  readonly #options: CertificateManagerOptions
  readonly #stopping = new AbortController()
  #current: KeyedCertificate | undefined
  #running: Promise<void> | undefined
  #resolveObtained: () => void = () => undefined
  /** Resolves as soon as there is a certificate. */
  readonly obtained: Promise<void>

  constructor(options: CertificateManagerOptions) {
    this.#options = options
    this.name = `${options.purpose} certificate`
    this.obtained = new Promise(resolve => {
      this.#resolveObtained = resolve
    })
    const kept = readKept(options.path)
    const [newest] = [kept, options.given]
      .filter(candidate => candidate !== undefined)
      .filter(candidate => this.#isGood(candidate))
      .sort((a, b) => validityOf(b).fromMs - validityOf(a).fromMs)
    if (newest) this.#use(newest)
  }

  /** Undefined until there is one. */
  get current(): KeyedCertificate | undefined {
    return this.#current
  }

  /** Asks for one where there is none; rejects with what went wrong. */
  async obtain(): Promise<void> {
    if (!this.#current) await this.#renew(this.#stopping.signal)
  }

  /** From now on there is always a fresh one, as far as the server gives it. */
  async start(): Promise<void> {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node is stopping'))
    await this.#running
  }

  #isGood(candidate: KeyedCertificate): boolean {
    try {
      const authority = new X509Certificate(this.#options.ca)
      const own = new X509Certificate(candidate.certificate)
      const { fromMs, toMs } = validityOf(candidate)
      const nowMs = this.#options.clock.now()
      const isInTime = fromMs <= nowMs && nowMs < toMs
      return isInTime && own.verify(authority.publicKey) && this.#options.fits(own)
    } catch {
      return false
    }
  }

  #use(certificate: KeyedCertificate): void {
    this.#current = certificate
    this.#resolveObtained()
  }

  async #run(): Promise<void> {
    const { clock, log, purpose } = this.#options
    const { signal } = this.#stopping
    let pauseMs = firstPauseMs
    while (!signal.aborted) {
      try {
        if (this.#current) await this.#untilRenewal(this.#current, signal)
        await this.#renew(signal)
        pauseMs = firstPauseMs
      } catch (error) {
        if (signal.aborted) return
        log.warn('cannot get a certificate', { purpose, error: String(error) })
        await clock.sleep(pauseMs, signal).catch(() => undefined)
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      }
    }
  }

  /** In steps, since a timer cannot wait for months. */
  async #untilRenewal(current: KeyedCertificate, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const renewMs = planRenewal(validityOf(current), Math.random())
    const longestStepMs = 24 * 3_600_000
    for (let leftMs = renewMs - clock.now(); leftMs > 0; leftMs = renewMs - clock.now()) {
      await clock.sleep(Math.min(leftMs, longestStepMs), signal)
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { path, request, onChange, log, purpose } = this.#options
    const fresh = await request(signal)
    keep(path, fresh)
    this.#use(fresh)
    log.info('got a certificate', { purpose, until: new Date(validityOf(fresh).toMs).toISOString() })
    onChange?.(fresh)
  }
}
