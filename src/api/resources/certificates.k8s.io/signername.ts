// The form of a signer's name, `example.com/signer` (upstream's pkg/apis/certificates/validation), and the
// signers that come with Kubernetes.
import { type FieldError, invalidValue, required, tooLong } from '../../fields.ts'
import { dns1123Label, dns1123Subdomain } from '../../meta/names.ts'

export const signerNames = {
  kubeAPIServerClient: 'kubernetes.io/kube-apiserver-client',
  kubeAPIServerClientKubelet: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacyUnknown: 'kubernetes.io/legacy-unknown',
} as const

/** In the Secret of a bootstrap token: the only node that may come with it. Upstream has no such thing. */
export const invitedNodeKey = 'futago-node'

const field = 'spec.signerName'
const maxDomain = 253
const maxPath = 253 + 63 + 1

const checkLength = (value: string, length: number): FieldError[] =>
  Buffer.byteLength(value) > length ? [tooLong(field, length)] : []

/** The labels up to the first that is wrong. */
function checkLabels(part: string, rule: (text: string) => readonly string[]): FieldError[] {
  for (const label of part.split('.')) {
    const problems = rule(label)
    if (problems.length > 0) {
      return problems.map(why =>
        invalidValue(field, part, `validating label ${JSON.stringify(label)}: ${why}`),
      )
    }
  }
  return []
}

export function validateSignerName(name: string): FieldError[] {
  if (name === '') return [required(field, 'signerName must be provided')]
  if (name === signerNames.legacyUnknown) {
    return [invalidValue(field, name, 'the legacy signerName is not allowed via this API version')]
  }
  const [domain = '', path = '', ...rest] = name.split('/')
  if (!name.includes('/') || rest.length > 0) {
    const form = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    return [invalidValue(field, name, form)]
  }
  const twoSegments = 'should be a domain with at least two segments separated by dots'
  return [
    ...checkLength(domain, maxDomain),
    ...checkLabels(domain, dns1123Label),
    ...(domain.includes('.') ? [] : [invalidValue(field, domain, twoSegments)]),
    ...checkLabels(path, dns1123Subdomain),
    ...checkLength(name, maxDomain + maxPath + 1),
  ]
}
