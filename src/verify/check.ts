// defineCheck: one check is one file in checks/, a value that says what it proves, what it needs and how it
// is done. The runner (verify.ts) decides whether it can run, runs it, and fills in skips with their reasons;
// the reports only show what came of it.
import type { Client } from '../client/client.ts'
import type { Clock } from '../component/clock.ts'
import type { IPFamilies, IPFamily } from '../ip/family.ts'
import type { Host } from './host.ts'
import type { Inventory } from './inventory.ts'
import type { Prober } from './prober.ts'
import type { Reachability } from './report.ts'
import type { MissingRight } from './rights.ts'
import type { VerifySettings } from './settings.ts'
import type { Text } from './text.ts'
import type { FamilyVerdicts, Verdict } from './verdict.ts'
import type { Workspace } from './workspace.ts'

/** In the order of the page, then what it leaves out. */
export const sections = ['preflight', 'nodes', 'pods', 'services', 'loadBalancer', 'beyond'] as const
export type Section = (typeof sections)[number]

/** Worst first. A failed blocker means: this is not a dual-stack cluster. */
export const severities = ['blocker', 'high', 'medium', 'low', 'information'] as const
export type Severity = (typeof severities)[number]

/** Each holds the one before. */
export const profiles = ['quick', 'standard', 'full'] as const
export type Profile = (typeof profiles)[number]

/**
 * What a check does to the cluster or needs of it; the runner turns a need that is not met into a skip for
 * every family, with the reason.
 */
export type Need =
  /** Creates objects in the scratch namespace; not with --read-only. */
  | 'write'
  /** Runs restricted probe Pods; implies `write`. */
  | 'probe'
  /** Sends packets between Pods: not evaluable where nodes are only simulated; implies `probe`. */
  | 'traffic'
  /** Runs hostNetwork probe Pods: only where the namespace may hold them; implies `traffic`. */
  | 'hostNetwork'
  /** Connects from the machine that runs verify. */
  | 'outside'
  /** Creates NodePort Services (--no-node-ports turns it off); implies `write`. */
  | 'nodePort'
  /** Creates LoadBalancer Services (--no-load-balancers turns it off); implies `write`. */
  | 'loadBalancer'
  /** Asks something outside of the cluster (--egress-target none turns it off); implies `traffic`. */
  | 'egress'

/** One thing a check has to be allowed, as RBAC words it. */
export interface Permission {
  readonly group: string
  /** `pods`, `pods/log`. */
  readonly resource: string
  readonly verbs: readonly string[]
  /** Where: everywhere, or only in the scratch namespace. */
  readonly scope: 'cluster' | 'namespace'
}

/** What the cluster is: found out once, before the checks (PRE-03 reports it). */
export interface Mode {
  /** Families of its Services, primary first: `['IPv4', 'IPv6']` is dual-stack. */
  readonly families: IPFamilies
  /** How that was found: `ServiceCIDR kubernetes: 10.96.0.0/16, fd00:10:96::/112`. */
  readonly evidence: string
}

export interface CheckContext {
  readonly client: Client
  /** Where the client connects to, `https://[fd00::1]:6443`; empty when it is used in process. */
  readonly server: string
  readonly mode: Mode
  /** What it is measured against, primary first: --expect and --primary, else what the cluster is. */
  readonly families: IPFamilies
  /** The server's version: 1.20 is `{ major: 1, minor: 20 }`. */
  readonly version: { readonly major: number; readonly minor: number; readonly gitVersion: string }
  /** What is in the cluster, each list read once and shared by all checks. */
  readonly inventory: Inventory
  /** The scratch namespace: whatever is created there is labelled, and removed at the end. */
  readonly workspace: Workspace
  /** Runs shell scripts in probe Pods. */
  readonly prober: Prober
  /** Connections from this machine. */
  readonly host: Host
  readonly settings: VerifySettings
  readonly clock: Clock
  /** What the user is not allowed, and which of the selected checks are skipped for it (see PRE-02). */
  readonly missingRights: readonly MissingRight[]
  /** Hands over what was seen between nodes, for the report's matrix. */
  addReachability(entries: readonly Reachability[]): void
  /** Aborted when the check's time is over, or the whole run's. */
  readonly signal: AbortSignal
  /** Says in a few words what is being done, for the live display. */
  progress(what: Text): void
}

export interface CheckDefinition {
  /** `SVC-04`; never changes its meaning. */
  readonly id: string
  readonly title: Text
  readonly section: Section
  readonly severity: Severity
  /** The smallest profile in which it runs. */
  readonly profile: Profile
  /** Absent: it only reads. */
  readonly needs?: readonly Need[]
  /** Beyond `get`, `list` of what the inventory reads and what `needs` implies. */
  readonly permissions?: readonly Permission[]
  /** Checks of which a failure makes this one meaningless: it is skipped, naming them. */
  readonly requires?: readonly string[]
  /** Default 30 s, with probes 120 s (images are pulled); at the end of it the check fails as timed out. */
  readonly timeoutMs?: number
  /**
   * Which families it speaks about; default: the context's. A check about a cluster as a whole gives one
   * verdict, which then counts for every family.
   */
  readonly families?: (context: CheckContext) => IPFamilies
  /** Throws only for what is unforeseen: the runner reports it as not evaluable with the message. */
  run(context: CheckContext): Promise<Verdict | FamilyVerdicts>
}

export interface Check extends CheckDefinition {
  readonly needs: readonly Need[]
  readonly permissions: readonly Permission[]
  readonly requires: readonly string[]
  readonly timeoutMs: number
}

const defaultTimeoutMs = 30_000
const probeTimeoutMs = 120_000
const probing: readonly Need[] = ['probe', 'traffic', 'hostNetwork', 'egress']

/**
 * Declares a check with its defaults filled in.
 *
 * @example
 * export const nodesHaveNames = defineCheck({
 *   id: 'MY-01',
 *   title: { en: 'Every node has a name', ja: 'すべてのノードに名前がある' },
 *   section: 'nodes',
 *   severity: 'low',
 *   profile: 'quick',
 *   async run({ inventory }) {
 *     return pass(`${(await inventory.nodes()).length} nodes`)
 *   },
 * })
 */
export const defineCheck = (definition: CheckDefinition): Check => ({
  needs: [],
  permissions: [],
  requires: [],
  timeoutMs: definition.needs?.some(need => probing.includes(need)) ? probeTimeoutMs : defaultTimeoutMs,
  ...definition,
})

/** The same verdict for each of the families. */
export const forEachFamily = (families: IPFamilies, judge: (family: IPFamily) => Verdict): FamilyVerdicts =>
  Object.fromEntries(families.map(family => [family, judge(family)]))
