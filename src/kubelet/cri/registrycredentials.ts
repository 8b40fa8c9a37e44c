// Which credentials of a Pod's imagePullSecrets are for an image: Secrets of type
// kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg, matched by registry and path, `*` standing for
// one part of a host's name (upstream pkg/credentialprovider/keyring.go). Pure.
import type { Secret } from '../../api/generated/types.ts'
import type { AuthConfig } from './runtimeapi.ts'

interface Entry {
  readonly username?: unknown
  readonly password?: unknown
  readonly auth?: unknown
  readonly identitytoken?: unknown
  readonly registrytoken?: unknown
}

const hub = /^(https?:\/\/)?(index\.)?docker\.io(\/v1\/?)?$/

/** `https://registry.example/v1/` is `registry.example`; Docker's own registry has several names. */
function splitPattern(pattern: string): { readonly host: string; readonly path: string } {
  if (hub.test(pattern)) return { host: 'docker.io', path: '' }
  const [, host = '', path = ''] = /^(?:https?:\/\/)?([^/]*)\/?(.*)$/.exec(pattern) ?? []
  return { host, path: path.replace(/^v[12](\/|$)/, '').replace(/\/$/, '') }
}

function hostMatches(pattern: string, host: string): boolean {
  const wanted = pattern.split('.')
  const given = host.split('.')
  if (wanted.length !== given.length) return false
  return wanted.every((part, index) => {
    const words = part.split('*').map(word => word.replace(/[\\^$+?()[\]{}|]/g, '\\$&'))
    return new RegExp(`^${words.join('[^.]*')}$`).test(given[index]!)
  })
}

function matches(pattern: string, image: string): boolean {
  const { host, path } = splitPattern(pattern)
  const slash = image.indexOf('/')
  return hostMatches(host, image.slice(0, slash)) && image.slice(slash + 1).startsWith(path)
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

function authConfig(server: string, entry: Entry): AuthConfig {
  const decoded = Buffer.from(textOf(entry.auth), 'base64').toString()
  const colon = decoded.indexOf(':')
  const [username, password] = colon < 0 ? ['', ''] : [decoded.slice(0, colon), decoded.slice(colon + 1)]
  return {
    username: textOf(entry.username) || username,
    password: textOf(entry.password) || password,
    identityToken: textOf(entry.identitytoken),
    registryToken: textOf(entry.registrytoken),
    serverAddress: server,
  }
}

/** What is no configuration is no credential. */
function entriesOf(secret: Secret): [server: string, entry: Entry][] {
  const data = secret.data ?? {}
  const text = data['.dockerconfigjson'] ?? data['.dockercfg']
  try {
    const parsed = JSON.parse(Buffer.from(text ?? '', 'base64').toString()) as Record<string, unknown>
    const entries = data['.dockerconfigjson'] === undefined ? parsed : (parsed.auths ?? {})
    return Object.entries(entries as Record<string, Entry>).filter(([, entry]) => entry instanceof Object)
  } catch {
    return []
  }
}

/** For `docker.io/library/busybox:1`, those of the longest match first; none: the image is pulled without. */
export function credentialsFor(image: string, secrets: readonly Secret[]): readonly AuthConfig[] {
  return secrets
    .flatMap(entriesOf)
    .filter(([server]) => matches(server, image))
    .sort(([a], [b]) => b.length - a.length)
    .map(([server, entry]) => authConfig(server, entry))
}
