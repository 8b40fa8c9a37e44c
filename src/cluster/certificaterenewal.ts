// Keeps the certificates of a cluster that runs fresh: the one it serves with, also when this host gets
// another address, and the administrator's in its kubeconfigs. Nothing is restarted and no connection ends.
import { existsSync, readFileSync } from 'node:fs'
import type { Clock } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import type { Logger } from '../component/log.ts'
import { Periodic } from '../component/periodic.ts'
import { endOf, type KeyedCertificate } from '../x509/certificates.ts'
import { replaceCredentials } from './kubeconfig.ts'
import { type HostAddress, hostAddresses } from './listen.ts'
import type { ClusterPKI } from './pki.ts'
import { writePrivate } from './statedirectory.ts'

export interface CertificateRenewalOptions {
  readonly pki: ClusterPKI
  readonly clock: Clock
  readonly log: Logger
  /** Who serves with the certificate. */
  readonly server: { useCertificate(keyed: KeyedCertificate): void }
  /** The files that have the administrator's credentials now. */
  readonly kubeconfigs: () => readonly string[]
  /** Of this machine, at the moment. */
  readonly ownAddresses?: () => readonly HostAddress[]
  /** How often it looks. Default: once a minute. */
  readonly intervalMs?: number
}

/** So long before the authority's own end its users should know: it is not renewed. */
const warnMs = 180 * 86_400_000

export class CertificateRenewal implements Component {
  readonly name = 'certificate renewal'
  readonly #options: CertificateRenewalOptions
  readonly #periodic: Periodic
  #serving: KeyedCertificate
  /** The administrator's so far, the newest last, and which of them a file has. */
  readonly #credentials: KeyedCertificate[]
  readonly #written = new Map<string, KeyedCertificate>()
  #hasWarned = false

  constructor(options: CertificateRenewalOptions) {
    const { pki, clock, log, intervalMs = 60_000 } = options
    this.#options = options
    this.#serving = pki.server()
    this.#credentials = [pki.admin()]
    this.#periodic = new Periodic({
      clock,
      intervalMs,
      run: async () => this.#look(),
      onError: error => log.warn('cannot renew a certificate', { error: String(error) }),
    })
  }

  async start(): Promise<void> {
    this.#periodic.start()
  }

  async stop(): Promise<void> {
    this.#periodic.stop()
  }

  #look(): void {
    this.#warnOfEnd()
    this.#renewServing()
    const fresh = this.#options.pki.admin()
    if (fresh !== this.#credentials.at(-1)) this.#credentials.push(fresh)
    if (this.#credentials.length > 1)
      for (const path of this.#options.kubeconfigs()) this.#tryKubeconfig(path)
  }

  #tryKubeconfig(path: string): void {
    try {
      if (existsSync(path)) this.#renewKubeconfig(path)
    } catch (error) {
      this.#options.log.warn('cannot renew a kubeconfig', { path, error: String(error) })
    }
  }

  #renewServing(): void {
    const { pki, server, log, ownAddresses = hostAddresses } = this.#options
    pki.useAddresses(ownAddresses())
    const fresh = pki.server()
    if (fresh === this.#serving) return
    server.useCertificate(fresh)
    this.#serving = fresh
    log.info('serving with a new certificate', { until: endText(fresh.certificate) })
  }

  /** A file that has other credentials by now is its owner's affair. */
  #renewKubeconfig(path: string): void {
    const fresh = this.#credentials.at(-1)!
    if (this.#written.get(path) === fresh) return
    const text = readFileSync(path, 'utf8')
    const renewed = this.#credentials
      .slice(0, -1)
      .map(old => replaceCredentials(text, old, fresh))
      .find(replaced => replaced !== undefined)
    if (renewed !== undefined) {
      writePrivate(path, renewed)
      this.#options.log.info('new credentials in a kubeconfig', { path, until: endText(fresh.certificate) })
    }
    this.#written.set(path, fresh)
  }

  #warnOfEnd(): void {
    const { clock, log, pki } = this.#options
    const { notAfterMs } = pki.authority
    if (this.#hasWarned || clock.now() < notAfterMs - warnMs) return
    this.#hasWarned = true
    const end = new Date(notAfterMs).toISOString()
    log.warn("the cluster's authority ends, and all of its certificates with it", { end })
  }
}

const endText = (certificate: string) => new Date(endOf(certificate)).toISOString()
