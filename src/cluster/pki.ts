// A cluster's keys and certificates on disk: a CA that stays, and certificates that are made anew at every
// start, so that the serving one always names the addresses this host has now.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { nthAddress } from '../ip/cidr.ts'
import { loopbackAddress } from '../ip/family.ts'
import {
  type Authority,
  createAuthority,
  issueCertificate,
  type KeyedCertificate,
  loadAuthority,
} from '../x509/certificates.ts'
import type { HostAddress } from './listen.ts'
import { type StateDirectory, writePrivate } from './statedirectory.ts'

export interface ClusterPKI {
  readonly authority: Authority
  readonly server: KeyedCertificate
  /** What the server is called and where it is reached; addresses are canonical. */
  readonly serverNames: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }
  /** The user of the kubeconfig: `kubernetes-admin` of group `system:masters`. */
  readonly admin: KeyedCertificate
  /** Signs ServiceAccounts' tokens; PEM. It stays, as tokens outlive a start. */
  readonly serviceAccountKey: string
}

export interface PKIOptions {
  /** Absent: nothing is kept. */
  readonly directory?: StateDirectory
  readonly serviceClusterIPRange: readonly string[]
  /** Of this machine. */
  readonly ownAddresses: readonly HostAddress[]
  readonly nowMs: number
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

function keepAuthority({ directory, nowMs }: PKIOptions): Authority {
  const certificate = directory?.read('pki', 'ca.crt')
  const key = directory?.read('pki', 'ca.key')
  if (certificate && key) return loadAuthority({ certificate, key }, authorityName)
  const authority = newAuthority(nowMs)
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

function namesOf({ serviceClusterIPRange, ownAddresses }: PKIOptions): ClusterPKI['serverNames'] {
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

/** Loads or makes the CA, and issues the certificates of this start. */
export function openPKI(options: PKIOptions): ClusterPKI {
  if (options.directory) makeTogether(options.directory, options.nowMs)
  const authority = keepAuthority(options)
  const validity = { notBeforeMs: options.nowMs - slackMs, notAfterMs: options.nowMs + 365 * dayMs }
  const serverNames = namesOf(options)
  const server = issueCertificate(authority, {
    commonName: 'kube-apiserver',
    ...serverNames,
    usages: ['server'],
    ...validity,
  })
  const admin = issueCertificate(authority, {
    commonName: 'kubernetes-admin',
    organizations: ['system:masters'],
    usages: ['client'],
    ...validity,
  })
  return { authority, server, serverNames, admin, serviceAccountKey: keepServiceAccountKey(options) }
}
