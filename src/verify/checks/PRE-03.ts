// Which families the cluster's Services have, and whether those are the ones that are wanted. A single-stack
// cluster is told so here, once and with what to change; other checks then speak about the family it has.
import { type IPFamilies, type IPFamily, otherFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily, type Mode } from '../check.ts'
import { type Distribution, detectDistribution } from '../distribution.ts'
import type { VerifySettings } from '../settings.ts'
import type { Text } from '../text.ts'
import { fail, pass, skip, type Verdict, warn } from '../verdict.ts'

interface Asked extends Pick<VerifySettings, 'expect' | 'primary'> {
  readonly mode: Mode
  /** What it is measured against. */
  readonly families: IPFamilies
  readonly distribution: Distribution
}

const flag: Readonly<Record<IPFamily, string>> = { IPv4: '--expect ipv4', IPv6: '--expect ipv6' }

function missing({ mode, distribution }: Asked, family: IPFamily): Verdict {
  const present = mode.families.join(', ')
  return fail({
    expected: { en: 'Services with both families, IPv4 and IPv6', ja: 'ServiceがIPv4とIPv6の両方を持つこと' },
    observed: `${present}; ${mode.evidence}`,
    cause: {
      en: `The cluster is not dual-stack: Services have ${present} only, since there is no ${family} range for them`,
      ja: `クラスターはデュアルスタックではありません。${family}の範囲がないため、Serviceは${present}のみです`,
    },
    remedy: {
      en: `${distribution.serviceRanges.en} If one family is what you want, run verify with ${flag[mode.families[0]!]}; MIG-01 (--profile full) lists all steps.`,
      ja: `${distribution.serviceRanges.ja} 1つのファミリーだけでよい場合は、${flag[mode.families[0]!]}を指定してverifyを実行してください。すべての手順はMIG-01(--profile full)に表示されます。`,
    },
  })
}

const otherPrimary = ({ mode, primary }: Asked): Verdict =>
  fail({
    expected: { en: `primary family ${primary}`, ja: `プライマリファミリーが${primary}であること` },
    observed: `${mode.families.join(', ')}; ${mode.evidence}`,
    cause: {
      en: `The first --service-cluster-ip-range is an ${mode.families[0]} range`,
      ja: `--service-cluster-ip-rangeの最初の範囲が${mode.families[0]}です`,
    },
    remedy: {
      en: 'The primary family of a cluster cannot be changed safely: the addresses of existing Services would be of no range. Create a new cluster with the ranges in the other order and move the workloads.',
      ja: 'クラスターのプライマリファミリーは安全に変更できません(既存のServiceのアドレスが範囲外になります)。範囲の順序を逆にした新しいクラスターを作成し、ワークロードを移行してください。',
    },
  })

function unexpected({ mode, expect }: Asked, family: IPFamily): Verdict {
  return warn({
    expected: { en: `no ${family} (--expect ${expect})`, ja: `${family}がないこと(--expect ${expect})` },
    observed: `${mode.families.join(', ')}; ${mode.evidence}`,
    cause: {
      en: 'The cluster has more families than expected',
      ja: 'クラスターのファミリーが想定より多くあります',
    },
    remedy: {
      en: 'Run verify with --expect dual to have the other family checked as well.',
      ja: 'もう一方のファミリーも検証する場合は、--expect dualを指定して実行してください。',
    },
  })
}

const notWanted = (expect: string): Text => ({
  en: `Not expected (--expect ${expect}), and not there`,
  ja: `想定されておらず(--expect ${expect})、存在しません`,
})

export function judgeMode(asked: Asked, family: IPFamily): Verdict {
  const { mode, expect, primary, families } = asked
  const isThere = mode.families.includes(family)
  const isWanted = expect === 'auto' || families.includes(family)
  if (!isWanted) return isThere ? unexpected(asked, family) : skip(notWanted(expect))
  if (!isThere) return missing(asked, family)
  if (primary !== undefined && mode.families[0] !== primary) return otherPrimary(asked)
  return pass(mode.evidence)
}

const everyFamily = (primary: IPFamily): IPFamilies => [primary, otherFamily(primary)]

export const clusterHasFamilies = defineCheck({
  id: 'PRE-03',
  title: {
    en: 'The cluster has the expected families, in the expected order',
    ja: 'クラスターが想定どおりのファミリーを想定どおりの順序で持つ',
  },
  section: 'preflight',
  severity: 'blocker',
  profile: 'quick',
  families: ({ mode }) => everyFamily(mode.families[0] ?? 'IPv4'),
  async run({ mode, families, settings, inventory, version }) {
    const { expect, primary } = settings
    const distribution = detectDistribution(version.gitVersion, await inventory.nodes())
    const asked = { mode, families, expect, primary, distribution }
    return forEachFamily(everyFamily(mode.families[0] ?? 'IPv4'), family => judgeMode(asked, family))
  },
})
