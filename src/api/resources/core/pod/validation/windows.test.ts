import { describe } from 'vitest'
import type { PodSpec } from '../../../../generated/types.ts'
import { checkSpec, table } from './spec.fake.ts'

const withUser = (runAsUserName: string): Partial<PodSpec> => ({
  securityContext: { windowsOptions: { runAsUserName } },
})
const at = 'securityContext.windowsOptions'
const hosted = (hostProcess: boolean) => ({ windowsOptions: { hostProcess } })

describe('Windows', () => {
  table<Partial<PodSpec>>(
    [
      ['users', withUser('ContainerAdministrator'), []],
      ['users of a domain', withUser('corp.example.com\\web'), []],
      [
        'no user',
        withUser(''),
        [`${at}.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string`],
      ],
      [
        'odd users',
        withUser('..\\a@b'),
        [
          `${at}.runAsUserName: Invalid value: "..\\\\a@b": ` +
            "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
          `${at}.runAsUserName: Invalid value: "..\\\\a@b": ` +
            'runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]',
        ],
      ],
      [
        'empty credentials',
        { securityContext: { windowsOptions: { gmsaCredentialSpec: '' } } },
        [`${at}.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string`],
      ],
      ['processes of the host', { hostNetwork: true, securityContext: hosted(true) }, []],
      [
        'processes of the host beside others',
        {
          containers: [
            { name: 'a', image: 'x', securityContext: hosted(true) },
            { name: 'b', image: 'x' },
          ],
        },
        [
          'spec: Invalid value: "": ' +
            'If pod contains any hostProcess containers then all containers must be HostProcess containers',
          'hostNetwork: Invalid value: false: ' +
            'hostNetwork must be true if pod contains any hostProcess containers',
        ],
      ],
    ],
    checkSpec,
  )
})
