// The admission plugins in the order in which they run: upstream's (pkg/kubeapiserver/options/plugins.go),
// with our own before the last one, which counts what all others have let in. A new plugin is one file and
// one line here.
import type { AdmissionPluginFactory } from './admission.ts'
import { certificateSubjectRestrictionPlugin } from './certificates.ts'
import { defaultIngressClassPlugin } from './defaultingressclass.ts'
import { defaultIPFamilyPolicyPlugin } from './defaultipfamilypolicy.ts'
import { defaultTolerationSecondsPlugin } from './defaulttolerationseconds.ts'
import { limitRangerPlugin } from './limitranger.ts'
import { namespaceLifecyclePlugin } from './namespacelifecycle.ts'
import { nodeRestrictionPlugin } from './noderestriction.ts'
import { podSecurityPlugin } from './podsecurity.ts'
import { priorityPlugin } from './priority.ts'
import { resourceQuotaPlugin } from './resourcequota.ts'
import { runtimeClassPlugin } from './runtimeclass.ts'
import { serviceAccountPlugin } from './serviceaccount.ts'

export const admissionPlugins: readonly AdmissionPluginFactory[] = [
  namespaceLifecyclePlugin,
  limitRangerPlugin,
  serviceAccountPlugin,
  nodeRestrictionPlugin,
  podSecurityPlugin,
  priorityPlugin,
  defaultTolerationSecondsPlugin,
  runtimeClassPlugin,
  certificateSubjectRestrictionPlugin,
  defaultIngressClassPlugin,
  defaultIPFamilyPolicyPlugin,
  resourceQuotaPlugin,
]
