// Which futago this is, and which Kubernetes its API is the API of.

declare const FUTAGO_VERSION: string | undefined

/** The package's version; from the sources, without a build, `0.0.0-dev`. */
export const futagoVersion = typeof FUTAGO_VERSION === 'undefined' ? '0.0.0-dev' : FUTAGO_VERSION

/** The release whose API is served, as `kubectl version` shows it. */
export const kubernetesVersion = { major: '1', minor: '36', gitVersion: 'v1.36.0' } as const
