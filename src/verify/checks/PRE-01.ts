// The page's first line: a server of 1.23 or later, where dual stack is stable. From 1.20 on Services have
// the same fields behind a feature gate (KEP-563), so verify runs there and says so.
import { defineCheck } from '../check.ts'
import { fail, pass, type Verdict, warn } from '../verdict.ts'

interface Version {
  readonly major: number
  readonly minor: number
  readonly gitVersion: string
}

/** Since which minor version of 1 the API has what other checks look at. */
const features: readonly (readonly [name: string, minor: number])[] = [
  ['EndpointSlice v1', 21],
  ['status.hostIPs', 29],
  ['ServiceCIDR', 33],
]

const stable = 23
const first = 20

const expected = {
  en: 'Kubernetes 1.23 or later, where dual stack is stable',
  ja: 'デュアルスタックがGAとなったKubernetes 1.23以降であること',
}

const remedy = {
  en: 'Upgrade, one minor version at a time, control plane first: kubeadm upgrade plan, or as your provider has it.',
  ja: 'コントロールプレーンから順に、マイナーバージョンを1つずつアップグレードしてください(kubeadm upgrade plan、またはプロバイダーの手順)。',
}

export function judgeVersion({ major, minor, gitVersion }: Version): Verdict {
  const at = major > 1 ? Number.POSITIVE_INFINITY : minor
  const served = features.map(([name, since]) => `${name} ${at >= since ? 'yes' : `no (1.${since})`}`)
  const observed = `${gitVersion}; ${served.join(', ')}`
  if (at >= stable) return pass(observed)
  if (at >= first) {
    const cause = {
      en:
        at === first
          ? 'In 1.20 dual stack is alpha and off by default (feature gate IPv6DualStack)'
          : 'Before 1.23 dual stack is beta',
      ja:
        at === first
          ? '1.20ではデュアルスタックはアルファ機能で、デフォルトで無効です(フィーチャーゲートIPv6DualStack)'
          : '1.23より前ではデュアルスタックはベータ機能です',
    }
    return warn({ expected, observed, cause, remedy })
  }
  const cause = {
    en: 'Before 1.20 Services have other fields for families, which later versions do not read',
    ja: '1.20より前では、Serviceのファミリーのフィールドが異なり、以降のバージョンでは読み取られません',
  }
  return fail({ expected, observed, cause, remedy })
}

export const serverIsRecent = defineCheck({
  id: 'PRE-01',
  title: { en: 'The server knows dual stack', ja: 'サーバーがデュアルスタックに対応している' },
  section: 'preflight',
  severity: 'blocker',
  profile: 'quick',
  async run({ version }) {
    return judgeVersion(version)
  },
})
