// NetworkPolicies that were written for one family: "the whole Internet" is 0.0.0.0/0 and ::/0, and what is
// kept out of the one (private ranges, link-local, metadata services) has to be kept out of the other. Where
// only one is written, the other family is blocked; where exceptions are missing, it is open.
import type { NetworkPolicy } from '../../api/generated/types.ts'
import { type CIDR, cidrsOverlap, parseCIDR, parseInterfaceAddress } from '../../ip/cidr.ts'
import { type IPFamily, otherFamily, unspecifiedAddress } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { listSome } from '../nodefacts.ts'
import { namespacedName } from '../podfacts.ts'
import { fail, pass, type Verdict, warn } from '../verdict.ts'

interface Block {
  readonly cidr: CIDR
  readonly except: readonly CIDR[]
}

interface Rule {
  /** `default/web egress`. */
  readonly where: string
  readonly blocks: readonly Block[]
}

/** Ranges of which a policy that excepts one in a family would mean those of the other too. */
const privateRanges: Readonly<Record<IPFamily, readonly CIDR[]>> = {
  IPv4: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'].map(text => parseCIDR(text)!),
  IPv6: ['fc00::/7', 'fe80::/10'].map(text => parseCIDR(text)!),
}

const counterpart: Readonly<Record<IPFamily, string>> = {
  IPv4: '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16',
  IPv6: 'fc00::/7, fe80::/10',
}

const everything = (family: IPFamily) => `${unspecifiedAddress[family]}/0`

function cidrOf(text: string): CIDR | undefined {
  const parsed = parseCIDR(text)
  if (parsed) return parsed
  const inside = parseInterfaceAddress(text)
  return (
    inside && { family: inside.address.family, base: inside.address.value, prefixLength: inside.prefixLength }
  )
}

export function rulesOf(policy: NetworkPolicy): readonly Rule[] {
  const { ingress = [], egress = [] } = policy.spec ?? {}
  const directions = [
    ...ingress.map(rule => ({ direction: 'ingress', peers: rule.from ?? [] })),
    ...egress.map(rule => ({ direction: 'egress', peers: rule.to ?? [] })),
  ]
  return directions.map(({ direction, peers }) => ({
    where: `${namespacedName(policy)} ${direction}`,
    blocks: peers.flatMap(({ ipBlock }) => {
      const cidr = ipBlock && cidrOf(ipBlock.cidr)
      return cidr ? [{ cidr, except: (ipBlock.except ?? []).flatMap(text => cidrOf(text) ?? []) }] : []
    }),
  }))
}

const wholeOf = ({ blocks }: Rule, family: IPFamily) =>
  blocks.filter(({ cidr }) => cidr.family === family && cidr.prefixLength === 0)

const exceptsPrivate = (blocks: readonly Block[], family: IPFamily) =>
  blocks.some(({ except }) =>
    except.some(cidr => privateRanges[family].some(range => cidrsOverlap(range, cidr))),
  )

/** Everything of the other family is let through, nothing of this one. */
const isBlocked = (rules: readonly Rule[], rule: Rule, family: IPFamily) =>
  wholeOf(rule, otherFamily(family)).length > 0 &&
  !rules.some(other => other.where === rule.where && other.blocks.some(({ cidr }) => cidr.family === family))

/** The other family's private ranges are kept out, this one's are not. */
const isOpen = (rule: Rule, family: IPFamily) => {
  const whole = wholeOf(rule, family)
  return (
    whole.length > 0 &&
    !exceptsPrivate(whole, family) &&
    exceptsPrivate(wholeOf(rule, otherFamily(family)), otherFamily(family))
  )
}

const unique = (rules: readonly Rule[]) => [...new Set(rules.map(({ where }) => where))]

export function judgePolicies(policies: readonly NetworkPolicy[], family: IPFamily): Verdict {
  const rules = policies.flatMap(rulesOf)
  const other = otherFamily(family)
  const open = unique(rules.filter(rule => isOpen(rule, family)))
  if (open.length > 0) {
    return fail({
      expected: {
        en: `exceptions for private ${family} ranges, as there are for ${other}`,
        ja: `${other}と同様に、${family}のプライベート範囲が除外されていること`,
      },
      observed: listSome(open.map(where => `${where}: ${everything(family)} without except`)),
      cause: {
        en: `The policy keeps ${other} private and link-local ranges out, but lets everything of ${family} through`,
        ja: `ポリシーは${other}のプライベート範囲とリンクローカル範囲を除外していますが、${family}はすべて許可しています`,
      },
      remedy: {
        en: `Add to the ipBlock ${everything(family)}: except: [${counterpart[family]}], and the cluster's own ${family} ranges.`,
        ja: `ipBlock ${everything(family)}にexcept: [${counterpart[family]}]と、クラスター自身の${family}の範囲を追加してください。`,
      },
    })
  }
  const blocked = unique(rules.filter(rule => isBlocked(rules, rule, family)))
  if (blocked.length === 0) return pass(`${policies.length} NetworkPolicies`)
  return warn({
    expected: {
      en: `${everything(family)} where there is ${everything(other)}`,
      ja: `${everything(other)}がある箇所に${everything(family)}もあること`,
    },
    observed: listSome(blocked.map(where => `${where}: ${everything(other)}`)),
    cause: {
      en: `These rules were written for ${other}; ${family} connections that they mean to allow are dropped`,
      ja: `これらのルールは${other}のみを想定しています。許可するはずの${family}の接続が破棄されます`,
    },
    remedy: {
      en: `Add to the same rule: - ipBlock: {cidr: "${everything(family)}", except: [${counterpart[family]}]} (the exceptions as far as ${other} has them).`,
      ja: `同じルールに次を追加してください: - ipBlock: {cidr: "${everything(family)}", except: [${counterpart[family]}]}(exceptは${other}にある場合のみ)。`,
    },
  })
}

export const policiesNameBothFamilies = defineCheck({
  id: 'NP-03',
  title: {
    en: 'NetworkPolicies speak of both families',
    ja: 'NetworkPolicyが両方のファミリーを考慮している',
  },
  section: 'beyond',
  severity: 'medium',
  profile: 'quick',
  async run({ inventory, families }) {
    const policies = await inventory.networkPolicies()
    if (families.length < 2) return pass(`${policies.length} NetworkPolicies`)
    return forEachFamily(families, family => judgePolicies(policies, family))
  },
})
