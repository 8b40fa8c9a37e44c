// The kubeconfig of a cluster's administrator, as text: one cluster, one user, one context, credentials
// inside.

export interface KubeconfigParts {
  /** The context is `futago-<name>`. */
  readonly name: string
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** A name in the server's certificate, where that may lack the address. */
  readonly serverName?: string
  /** PEM. */
  readonly authority: string
}

/** PEM, or a bearer token. */
type KubeconfigUser = { readonly certificate: string; readonly key: string } | { readonly token: string }

const base64 = (text: string) => Buffer.from(text).toString('base64')

export function formatKubeconfig(parts: KubeconfigParts & KubeconfigUser): string {
  const name = `futago-${parts.name}`
  const user =
    'token' in parts
      ? `token: ${parts.token}`
      : `client-certificate-data: ${base64(parts.certificate)}
    client-key-data: ${base64(parts.key)}`
  const serverName = parts.serverName ? `\n    tls-server-name: ${parts.serverName}` : ''
  return `apiVersion: v1
kind: Config
clusters:
- name: ${name}
  cluster:
    server: ${parts.server}
    certificate-authority-data: ${base64(parts.authority)}${serverName}
users:
- name: ${name}
  user:
    ${user}
contexts:
- name: ${name}
  context:
    cluster: ${name}
    user: ${name}
current-context: ${name}
`
}

/** PEM. */
interface Credentials {
  readonly certificate: string
  readonly key: string
}

/**
 * A kubeconfig with other credentials in the place of some that it has, and everything else as its owner
 * left it; undefined when it does not have them.
 */
export function replaceCredentials(text: string, old: Credentials, fresh: Credentials): string | undefined {
  const [certificate, key] = [base64(old.certificate), base64(old.key)]
  if (!text.includes(certificate) || !text.includes(key)) return undefined
  return text.replaceAll(certificate, base64(fresh.certificate)).replaceAll(key, base64(fresh.key))
}
