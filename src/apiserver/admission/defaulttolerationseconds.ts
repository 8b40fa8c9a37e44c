// DefaultTolerationSeconds: a Pod stays five minutes on a node that is not ready or cannot be reached,
// unless it says otherwise. Follows upstream's plugin/pkg/admission/defaulttolerationseconds.
import type { Pod, Toleration } from '../../api/generated/types.ts'
import { type AdmissionPluginFactory, isPodRequest } from './admission.ts'

const tolerationSeconds = 300
const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

const tolerates = (tolerations: readonly Toleration[], taint: string) =>
  tolerations.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === 'NoExecute'))

export const defaultTolerationSecondsPlugin: AdmissionPluginFactory = () => ({
  name: 'DefaultTolerationSeconds',
  admit(attributes) {
    const { operation, object } = attributes
    if (!isPodRequest(attributes) || (operation !== 'CREATE' && operation !== 'UPDATE')) return undefined
    const { spec } = object as Pod
    if (!spec) return undefined
    const before = spec.tolerations ?? []
    const missing = taints.filter(taint => !tolerates(before, taint))
    if (missing.length === 0) return undefined
    spec.tolerations = [
      ...before,
      ...missing.map(key => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds })),
    ]
    return undefined
  },
})
