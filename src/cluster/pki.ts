// A cluster's keys and certificates: a CA that stays on disk, and certificates that are made anew at every
// start and while it runs, so that the serving one always names the addresses this host has now.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../component/clock.ts'
import { nthAddress } from '../ip/cidr.ts'
import { loopbackAddress } from '../ip/family.ts'
import {
  type Authority,
  createAuthority,
  type KeyedCertificate,
  loadAuthority,
} from '../x509/certificates.ts'
import { ConfigError } from './configerror.ts'
import type { HostAddress } from './listen.ts'
import { renewedCertificate } from './renewedcertificate.ts'
import { type StateDirectory, writePrivate } from './statedirectory.ts'

interface ServerNames {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

export interface ClusterPKI {
  readonly authority: Authority
  /** The serving certificate to use now. */
  server(): KeyedCertificate
  /** What the server is called and where it is reached at this moment; addresses are canonical. */
  serverNames(): ServerNames
  /** Those that this machine has now: the server's certificate names them from now on. */
  useAddresses(ownAddresses: readonly HostAddress[]): void
  /** The user of the kubeconfig: `kubernetes-admin` of group `system:masters`. */
  admin(): KeyedCertificate
  /** Who asks kubelets. */
  kubeletClient(): KeyedCertificate
  /** Signs ServiceAccounts' tokens; PEM. It stays, as tokens outlive a start. */
  readonly serviceAccountKey: string
}

export interface PKIOptions {
  /** Absent: nothing is kept. */
  readonly directory?: StateDirectory
  readonly serviceClusterIPRange: readonly string[]
  /** Of this machine, at the start. */
  readonly ownAddresses: readonly HostAddress[]
  readonly clock: Clock
}

export const authorityName = 'futago'
const dayMs = 86_400_000
/** Clocks of clients may be behind. */
const slackMs = 3_600_000

const newAuthority = (nowMs: number): Authority =>
  createAuthority(authorityName, { notBeforeMs: nowMs - slackMs, notAfterMs: nowMs + 3650 * dayMs })

function newServiceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * Where there is nothing yet, all keys come at once: servers that share the directory and start at the same
 * time must not each take their own.
 */
function makeTogether(directory: StateDirectory, nowMs: number): void {
  const place = realpathSync(directory.file('pki'))
  if (readdirSync(place).length > 0) return
  const made = mkdtempSync(`${place}-`)
  const { certificate, key } = newAuthority(nowMs)
  writePrivate(join(made, 'ca.key'), key)
  writePrivate(join(made, 'ca.crt'), certificate)
  writePrivate(join(made, 'sa.key'), newServiceAccountKey())
  try {
    renameSync(made, place)
  } catch (error) {
    rmSync(made, { recursive: true })
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['ENOTEMPTY', 'EEXIST'].includes(code)) throw error
  }
}

function keepAuthority({ directory, clock }: PKIOptions): Authority {
  const certificate = directory?.read('pki', 'ca.crt')
  const key = directory?.read('pki', 'ca.key')
  if (certificate && key) return loadAuthority({ certificate, key }, authorityName)
  const authority = newAuthority(clock.now())
  directory?.write(authority.key, 'pki', 'ca.key')
  directory?.write(authority.certificate, 'pki', 'ca.crt')
  return authority
}

function keepServiceAccountKey({ directory }: PKIOptions): string {
  const kept = directory?.read('pki', 'sa.key')
  if (kept) return kept
  const key = newServiceAccountKey()
  directory?.write(key, 'pki', 'sa.key')
  return key
}

function namesOf({ serviceClusterIPRange }: PKIOptions, ownAddresses: readonly HostAddress[]): ServerNames {
  const addresses = [
    ...Object.values(loopbackAddress),
    // That of the `kubernetes` Service, of either family.
    ...serviceClusterIPRange.map(range => nthAddress(range, 1n)),
    ...ownAddresses.map(({ address }) => address),
  ]
  return {
    dnsNames: [
      'localhost',
      hostname(),
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
    ],
    ipAddresses: [...new Set(addresses)],
  }
}

function refuseEnded({ notAfterMs }: Authority, { directory, clock }: PKIOptions): void {
  if (clock.now() < notAfterMs) return
  const end = new Date(notAfterMs).toISOString()
  throw new ConfigError(
    `Cannot start: the cluster's authority has ended (${end}), expected ${directory?.file('pki')} without ca.crt ` +
      'and ca.key, for which new ones are made that clients have to be told of',
  )
}

/** Loads or makes the CA, and issues certificates. Throws ConfigError when the CA has ended. */
export function openPKI(options: PKIOptions): ClusterPKI {
  const { directory, clock } = options
  if (directory) makeTogether(directory, clock.now())
  const authority = keepAuthority(options)
  refuseEnded(authority, options)
  const client = (commonName: string) =>
    renewedCertificate(authority, clock, () => ({
      commonName,
      organizations: ['system:masters'],
      usages: ['client'],
    }))
  let names = namesOf(options, options.ownAddresses)
  return {
    authority,
    server: renewedCertificate(authority, clock, () => ({
      commonName: 'kube-apiserver',
      ...names,
      usages: ['server'],
    })),
    serverNames: () => names,
    useAddresses(ownAddresses) {
      names = namesOf(options, ownAddresses)
    },
    admin: client('kubernetes-admin'),
    kubeletClient: client('kube-apiserver-kubelet-client'),
    serviceAccountKey: keepServiceAccountKey(options),
  }
}
