// What Windows containers may say about users and credentials, and HostProcess containers (KEP-1981): all
// of a Pod's or none, on the network of their host.
import { type FieldError, invalidValue } from '../../../../fields.ts'
import type { PodSpec, WindowsSecurityContextOptions } from '../../../../generated/types.ts'
import { byteLength, dns1123Subdomain } from '../../../../meta/names.ts'
import { checkText, type PodCheck } from './check.ts'
import { visitContainers } from './visit.ts'

const netBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const dnsDomain = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`)

export function checkWindowsOptions(
  options: WindowsSecurityContextOptions | undefined,
  field: string,
  check: PodCheck,
): void {
  if (!options) return
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: credentials, runAsUserName: user } = options
  if (name !== undefined) {
    checkText(name, dns1123Subdomain, { field: `${field}.gmsaCredentialSpecName`, check })
  }
  const at = `${field}.gmsaCredentialSpec`
  if (credentials === '') {
    check.errors.push(invalidValue(at, credentials, 'gmsaCredentialSpec cannot be an empty string'))
  } else if (credentials !== undefined && byteLength(credentials) > 64 * 1024) {
    check.errors.push(invalidValue(at, credentials, 'gmsaCredentialSpec size must be under 64 KiB'))
  }
  if (user !== undefined) check.errors.push(...validateUser(user, `${field}.runAsUserName`))
}

/** `USER`, or `DOMAIN\USER`. */
function validateUser(text: string, field: string): FieldError[] {
  const fail = (why: string) => invalidValue(field, text, why)
  if (text === '') return [fail('runAsUserName cannot be an empty string')]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return [fail('runAsUserName cannot contain control characters')]
  const parts = text.split('\\')
  if (parts.length > 2) return [fail('runAsUserName cannot contain more than one backslash')]
  const [domain, user = ''] = parts.length === 1 ? [undefined, parts[0]] : parts
  const errors: FieldError[] = []
  if (domain !== undefined) {
    if (domain.length >= 256) {
      errors.push(fail("runAsUserName's Domain length must be under 256 characters"))
    }
    if (!netBIOS.test(domain) && !dnsDomain.test(domain)) {
      errors.push(fail("runAsUserName's Domain doesn't match the NetBios nor the DNS format"))
    }
  }
  if (user === '') errors.push(fail("runAsUserName's User cannot be empty"))
  if (user.length > 104) {
    errors.push(fail("runAsUserName's User length must not be longer than 104 characters"))
  }
  if (/^[. ]+$/.test(user)) {
    errors.push(fail("runAsUserName's User cannot contain only periods or spaces"))
  }
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    const characters = '"/\\:;|=,+*?<>@[]'
    errors.push(fail(`runAsUserName's User cannot contain the following characters: ${characters}`))
  }
  return errors
}

export function checkHostProcess(spec: PodSpec, field: string, { errors }: PodCheck): void {
  const whole = spec.securityContext?.windowsOptions?.hostProcess
  let [all, hosted] = [0, 0]
  visitContainers(spec, field, ({ securityContext }, at) => {
    const own = securityContext?.windowsOptions?.hostProcess
    all++
    if (own ?? whole) hosted++
    if (whole !== undefined && own !== undefined && whole !== own) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${whole}`
      errors.push(invalidValue(`${at}.securityContext.windowsOptions.hostProcess`, own, detail))
    }
  })
  if (hosted === 0) return
  if (hosted !== all) {
    const detail =
      'If pod contains any hostProcess containers then all containers must be HostProcess containers'
    errors.push(invalidValue(field, '', detail))
  }
  if (!spec.hostNetwork) {
    const detail = 'hostNetwork must be true if pod contains any hostProcess containers'
    errors.push(invalidValue(`${field}.hostNetwork`, false, detail))
  }
}
