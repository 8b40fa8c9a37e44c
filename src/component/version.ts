// Which futago this is, and which Kubernetes its API is the API of.

declare const FUTAGO_VERSION: string | undefined
declare const FUTAGO_COMMIT: string | undefined

/** The package's version; from the sources, without a build, `0.0.0-dev`. */
export const futagoVersion = typeof FUTAGO_VERSION === 'undefined' ? '0.0.0-dev' : FUTAGO_VERSION

/** What `/version` answers: the release whose API is served, and by what. */
export const versionInfo = {
  major: '1',
  minor: '36',
  gitVersion: `v1.36.0+futago.${futagoVersion}`,
  /** Of futago; empty from the sources. */
  gitCommit: typeof FUTAGO_COMMIT === 'undefined' ? '' : FUTAGO_COMMIT,
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: process.version,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const
