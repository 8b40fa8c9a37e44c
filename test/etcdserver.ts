// Starts real etcd members (Debian's etcd-server) on loopback ports of their own, with their data in a temporary
// folder, kills and restarts them, and leaves nothing behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IPFamily, loopbackAddress } from '../src/ip/family.ts'
import { joinHostPort } from '../src/ip/hostport.ts'
import { createAuthority, issueCertificate } from '../src/x509/certificates.ts'
import { reservePorts } from './ports.ts'

export interface EtcdServerOptions {
  readonly family: IPFamily
  /** Default 1. */
  readonly members?: number
  /** Serve clients by TLS and want their certificates. */
  readonly tls?: boolean
  /** More flags for every member. */
  readonly flags?: readonly string[]
}

export interface EtcdFiles {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

interface Member {
  readonly endpoint: string
  readonly args: readonly string[]
  process: ChildProcess | undefined
}

/** A CA, and one certificate that serves as a server's and as a client's. */
function writeCertificates(folder: string, address: string): EtcdFiles {
  const validity = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
  const authority = createAuthority('etcd-ca', validity)
  const { certificate, key } = issueCertificate(authority, {
    commonName: 'etcd',
    usages: ['server', 'client'],
    ipAddresses: [address],
    ...validity,
  })
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  return {
    caFile: write('ca.pem', authority.certificate),
    certFile: write('etcd.pem', certificate),
    keyFile: write('etcd-key.pem', key),
  }
}

/** Elections take a second otherwise. */
const impatience = ['--heartbeat-interval', '20', '--election-timeout', '200']

export class EtcdServers {
  /** `http://[::1]:40001`, one per member. */
  readonly endpoints: readonly string[]
  /** With TLS: what a client needs. */
  readonly files: EtcdFiles | undefined
  readonly #folder: string
  readonly #members: readonly Member[]

  private constructor(folder: string, members: readonly Member[], files: EtcdFiles | undefined) {
    this.#folder = folder
    this.#members = members
    this.files = files
    this.endpoints = members.map(({ endpoint }) => endpoint)
  }

  /** Resolves when every member serves. */
  static async start({
    family,
    members = 1,
    tls = false,
    flags = [],
  }: EtcdServerOptions): Promise<EtcdServers> {
    const folder = mkdtempSync(join(tmpdir(), 'futago-etcd-'))
    const address = loopbackAddress[family]
    const files = tls ? writeCertificates(folder, address) : undefined
    const ports = await reservePorts(members * 2)
    const peers = ports.slice(members).map(port => `http://${joinHostPort(address, port)}`)
    const cluster = peers.map((url, index) => `m${index}=${url}`).join(',')
    const tlsFlags = files
      ? ['--cert-file', files.certFile, '--key-file', files.keyFile, '--client-cert-auth'].concat(
          '--trusted-ca-file',
          files.caFile,
        )
      : []
    const all = peers.map((peer, index): Member => {
      const endpoint = `${tls ? 'https' : 'http'}://${joinHostPort(address, ports[index]!)}`
      const args = ['--name', `m${index}`, '--data-dir', join(folder, `m${index}`)].concat(
        ['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
        ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', cluster],
        ['--logger', 'zap', '--log-outputs', 'stderr'],
        impatience,
        tlsFlags,
        flags,
      )
      return { endpoint, args, process: undefined }
    })
    const servers = new EtcdServers(folder, all, files)
    await Promise.all(all.map((_, index) => servers.restart(index)))
    return servers
  }

  /** Of the members that run. */
  get pids(): number[] {
    return this.#members.flatMap(member => member.process?.pid ?? [])
  }

  /** What `--store` takes. */
  get location(): string {
    return `etcd:${this.endpoints.join(',')}`
  }

  /** Starts a member that was killed; resolves when it serves. */
  async restart(index: number): Promise<void> {
    const member = this.#members[index]!
    const child = spawn('etcd', member.args, { stdio: ['ignore', 'ignore', 'pipe'] })
    member.process = child
    let log = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', chunk => {
        log = (log + chunk).slice(-100_000)
        if (/serving client traffic/.test(log)) resolve()
      })
      child.once('error', reject)
      child.once('close', code => reject(new Error(`etcd ended with ${code}: ${log.slice(-2000)}`)))
    })
  }

  /** SIGKILL by default; resolves when the process is gone. */
  async kill(index: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { process: child } = this.#members[index]!
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise(resolve => child.once('close', resolve))
    child.kill(signal)
    await gone
  }

  /** Takes from a killed member all that it kept. */
  empty(index: number): void {
    rmSync(join(this.#folder, `m${index}`), { recursive: true })
  }

  /** The member neither answers nor closes its connections, until it is resumed. */
  pause(index: number): void {
    this.#members[index]!.process?.kill('SIGSTOP')
  }

  resume(index: number): void {
    this.#members[index]!.process?.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((_, index) => this.kill(index)))
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
