// How long each admission plugin takes and how often it refuses, with upstream's names (k8s.io/apiserver
// pkg/admission/metrics).
import type { Clock } from '../../component/clock.ts'
import { Histogram, type MetricSet } from '../../component/metrics.ts'
import type { AdmissionAttributes, AdmissionPlugin, AdmissionPluginFactory } from '../admission/admission.ts'

const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5]

type Step = (attributes: AdmissionAttributes) => Promise<void> | undefined

export function measuredAdmission(
  factories: readonly AdmissionPluginFactory[],
  { clock, metrics }: { readonly clock: Clock; readonly metrics: MetricSet },
): AdmissionPluginFactory[] {
  const duration = metrics.add(
    new Histogram({
      name: 'apiserver_admission_controller_admission_duration_seconds',
      help: 'Admission controller latency in seconds, by name, operation, type and whether it refused.',
      labels: ['name', 'operation', 'type', 'rejected'],
      bounds,
    }),
  )

  /** Plugins with nothing to say answer without a promise: that costs next to nothing and is not timed. */
  function timed(name: string, type: 'admit' | 'validate', step: Step): Step {
    const end = (began: number, { operation }: AdmissionAttributes, rejected: boolean) =>
      duration.observe((clock.monotonic() - began) / 1000, name, operation, type, String(rejected))
    return attributes => {
      const began = clock.monotonic()
      const pending = step(attributes)
      return pending?.then(
        () => end(began, attributes, false),
        error => {
          end(began, attributes, true)
          throw error
        },
      )
    }
  }

  return factories.map(create => services => {
    const plugin = create(services)
    const measured: AdmissionPlugin = { name: plugin.name }
    if (plugin.admit) measured.admit = timed(plugin.name, 'admit', plugin.admit.bind(plugin))
    if (plugin.validate) measured.validate = timed(plugin.name, 'validate', plugin.validate.bind(plugin))
    return measured
  })
}
