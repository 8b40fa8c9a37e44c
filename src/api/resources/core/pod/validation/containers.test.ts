import { describe, expect, test } from 'vitest'
import type { Container } from '../../../../generated/types.ts'
import { checkContainer, checkSpec, table } from './spec.fake.ts'

describe('containers', () => {
  table<Partial<Container>>(
    [
      ['no image', { image: '' }, ['image: Required value']],
      [
        'an image with blanks',
        { image: ' x' },
        ['image: Invalid value: " x": must not have leading or trailing whitespace'],
      ],
      ['a name with dots', { name: 'a.b' }, ['name: Invalid value: "a.b": must not contain dots']],
      [
        'policies',
        { imagePullPolicy: 'x', terminationMessagePolicy: 'y', restartPolicy: 'z' },
        [
          'terminationMessagePolicy: Unsupported value: "y": supported values: "File", ' +
            '"FallbackToLogsOnError"',
          'imagePullPolicy: Unsupported value: "x": supported values: "Always", "IfNotPresent", "Never"',
          'restartPolicy: Unsupported value: "z": supported values: "Always", "Never", "OnFailure"',
        ],
      ],
      [
        'restart rules without a policy',
        { restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }] },
        ['restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
      ],
      [
        'ports',
        {
          ports: [
            { containerPort: 0 },
            { name: 'a', containerPort: 1 },
            { name: 'a', containerPort: 70000, protocol: 'X' },
          ],
        },
        [
          'ports[0].containerPort: Required value',
          'ports[2].name: Duplicate value: "a"',
          'ports[2].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
          'ports[2].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
        ],
      ],
      [
        'requests beyond limits',
        { resources: { limits: { cpu: '1' }, requests: { cpu: '1500m' } } },
        ['resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1'],
      ],
      [
        'devices without limits, or not all of them',
        {
          resources: {
            limits: { 'example.com/a': '2' },
            requests: { 'example.com/a': '1', 'example.com/b': '1' },
          },
        },
        [
          'resources.requests: Invalid value: "1": must be equal to example.com/a limit of 2',
          'resources.limits: Required value: Limit must be set for non overcommitable resources',
        ],
      ],
      [
        'resources nobody knows',
        { resources: { requests: { gpu: '1' } } },
        [
          'resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type ' +
            'or fully qualified',
          'resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
        ],
      ],
      [
        'huge pages alone and in parts',
        { resources: { limits: { 'hugepages-2Mi': '3Mi' }, requests: { 'hugepages-2Mi': '3Mi' } } },
        [
          ...['limits', 'requests'].map(
            list =>
              `resources.${list}[hugepages-2Mi]: Invalid value: "3Mi": ` +
              '3Mi is not positive integer multiple of hugepages-2Mi',
          ),
          'resources: Forbidden: HugePages require cpu or memory',
        ],
      ],
      [
        'resizing without a restart that never comes',
        { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'Now' }] },
        ['resizePolicy: Unsupported value: "Now": supported values: "NotRequired", "RestartContainer"'],
      ],
    ],
    checkContainer,
  )

  test('names are unique over all sorts', () => {
    const container = { name: 'c', image: 'x' }
    expect(checkSpec({ containers: [container, container], initContainers: [container] })).toEqual([
      'containers[1].name: Duplicate value: "c"',
      'initContainers[0].name: Duplicate value: "c"',
    ])
  })

  test('those that run first have no probes, unless they stay', () => {
    const probe = { exec: { command: ['x'] } }
    const first = { name: 'i', image: 'x', livenessProbe: probe }
    expect(checkSpec({ initContainers: [first] })).toEqual([
      'initContainers[0].livenessProbe: Forbidden: ' +
        'may not be set for init containers without restartPolicy=Always',
    ])
    expect(checkSpec({ initContainers: [{ ...first, restartPolicy: 'Always' }] })).toEqual([])
  })
})

describe('environment', () => {
  const from = (
    valueFrom: NonNullable<Container['env']>[0]['valueFrom'],
    value?: string,
  ): Partial<Container> => ({
    env: [{ name: 'A', valueFrom, ...(value && { value }) }],
  })
  const one = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
  const at = 'env[0].valueFrom'
  table<Partial<Container>>(
    [
      ['any printable name', { env: [{ name: '1 a!', value: '' }] }, []],
      ['no name', { env: [{ name: '' }] }, ['env[0].name: Required value']],
      ['addresses of both families', from({ fieldRef: { fieldPath: 'status.podIPs' } }), []],
      ['a label', from({ fieldRef: { fieldPath: "metadata.labels['a/b']" } }), []],
      ['no source', from({}), [`${at}: Invalid value: "": must specify one of: ${one}`]],
      [
        'two sources',
        from({ fieldRef: { fieldPath: 'metadata.name' }, secretKeyRef: { name: 'a', key: 'b' } }),
        [`${at}: Invalid value: "": may not have more than one field specified at a time`],
      ],
      [
        'a source and a value',
        from({ fieldRef: { fieldPath: 'metadata.name' } }, 'x'),
        [`${at}: Invalid value: "": may not be specified when \`value\` is not empty`],
      ],
      [
        'a field that there is not',
        from({ fieldRef: { fieldPath: 'metadata.bogus' } }),
        [
          `${at}.fieldRef.fieldPath: Invalid value: "metadata.bogus": ` +
            'error converting fieldPath: field label not supported: metadata.bogus',
        ],
      ],
      [
        'a field that is for other uses',
        from({ fieldRef: { fieldPath: 'status.phase' } }),
        [
          `${at}.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: ` +
            '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", ' +
            '"spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
        ],
      ],
      [
        'a resource',
        from({ resourceFieldRef: { resource: 'limits.cpu', divisor: '1Mi' } }),
        [
          `${at}.resourceFieldRef.divisor: Invalid value: "limits.cpu": ` +
            "only divisor's values 1m and 1 are supported with the cpu resource",
        ],
      ],
      [
        'whole maps',
        { envFrom: [{}, { configMapRef: { name: '' } }, { prefix: '=', secretRef: { name: 'a' } }] },
        [
          'envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
          'envFrom[1].configMapRef.name: Required value',
          'envFrom[2].prefix: Invalid value: "=": a valid environment variable name must consist only ' +
            "of printable ASCII characters other than '='",
        ],
      ],
    ],
    checkContainer,
  )
})

describe('probes', () => {
  table<Partial<Container>>(
    [
      ['no handler', { readinessProbe: {} }, ['readinessProbe: Required value: must specify a handler type']],
      [
        'two handlers',
        { lifecycle: { postStart: { exec: { command: ['x'] }, sleep: { seconds: 1 } } } },
        ['lifecycle.postStart.sleep: Forbidden: may not specify more than 1 handler type'],
      ],
      [
        'numbers',
        { livenessProbe: { tcpSocket: { port: 0 }, successThreshold: 2, periodSeconds: -1 } },
        [
          'livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive',
          'livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
          'livenessProbe.successThreshold: Invalid value: 2: must be 1',
        ],
      ],
      [
        'requests',
        {
          startupProbe: {
            httpGet: { port: 'web', scheme: 'FTP', httpHeaders: [{ name: 'a b', value: '' }] },
          },
        },
        [
          'startupProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
          'startupProbe.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of ' +
            "alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is " +
            "'[-A-Za-z0-9]+')",
        ],
      ],
      [
        'a stop signal without a system',
        { lifecycle: { stopSignal: 'SIGUSR1' } },
        ['lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`'],
      ],
      [
        'a sleep longer than the end',
        { lifecycle: { preStop: { sleep: { seconds: 31 } } } },
        [
          'lifecycle.preStop.sleep: Invalid value: 31: ' +
            'must be non-negative and less than terminationGracePeriodSeconds (30)',
        ],
      ],
    ],
    checkContainer,
  )
})
