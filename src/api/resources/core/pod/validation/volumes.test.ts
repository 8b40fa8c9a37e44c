import { describe, expect, test } from 'vitest'
import type { Volume } from '../../../../generated/types.ts'
import { checkSpec, checkVolume, table } from './spec.fake.ts'

describe('volumes', () => {
  table<Omit<Volume, 'name'>>(
    [
      [
        'two sources',
        { emptyDir: {}, secret: { secretName: 'x' } },
        ['secret: Forbidden: may not specify more than 1 volume type'],
      ],
      [
        'hostPath',
        { hostPath: { path: '/a/../b', type: 'x' } },
        [
          'hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
          'hostPath.type: Unsupported value: "x": supported values: "", "BlockDevice", "CharDevice", ' +
            '"Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
        ],
      ],
      [
        'configMap',
        {
          configMap: {
            name: '',
            defaultMode: 512,
            items: [
              { key: '', path: '/a' },
              { key: 'a', path: '..a' },
            ],
          },
        },
        [
          'configMap.name: Required value',
          'configMap.defaultMode: Invalid value: 512: ' +
            'must be a number between 0 and 0777 (octal), both inclusive',
          'configMap.items[0].key: Required value',
          'configMap.items[0].path: Invalid value: "/a": must be a relative path',
          'configMap.items[1].path: Invalid value: "..a": must not start with \'..\'',
        ],
      ],
      [
        'projected',
        {
          projected: {
            sources: [
              { secret: { name: 'a', items: [{ key: 'k', path: 'same' }] } },
              { configMap: { name: 'b', items: [{ key: 'k', path: 'same' }] } },
              { serviceAccountToken: { path: 't', expirationSeconds: 1 }, secret: { name: 'x' } },
            ],
          },
        },
        [
          'projected: Invalid value: "b": conflicting duplicate paths',
          'projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 1: ' +
            'may not specify a duration less than 10 minutes',
          'projected.sources[2]: Forbidden: may not specify more than 1 volume type per source',
        ],
      ],
      [
        'downwardAPI',
        { downwardAPI: { items: [{ path: 'a' }, { path: 'b', fieldRef: { fieldPath: 'spec.nodeName' } }] } },
        [
          'downwardAPI: Required value: one of fieldRef and resourceFieldRef is required',
          'downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: ' +
            '"metadata.annotations", "metadata.labels", "metadata.name", ' +
            '"metadata.namespace", "metadata.uid"',
        ],
      ],
      [
        'nfs',
        { nfs: { server: '', path: 'a' } },
        ['nfs.server: Required value', 'nfs.path: Invalid value: "a": must be an absolute path'],
      ],
      [
        'certificates',
        { projected: { sources: [{ podCertificate: { signerName: '', keyType: 'x' } }] } },
        [
          'projected.sources[0].podCertificate.signerName: Required value',
          'projected.sources[0].podCertificate.keyType: Unsupported value: "x": supported values: ' +
            '"RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"',
          'projected.sources[0].podCertificate: Required value: ' +
            'specify at least one of credentialBundlePath, keyPath, and certificateChainPath',
        ],
      ],
      ['csi', { csi: { driver: '' } }, ['csi.driver: Required value']],
      [
        'a claim',
        { persistentVolumeClaim: { claimName: '' } },
        ['persistentVolumeClaim.claimName: Required value'],
      ],
    ],
    checkVolume,
  )

  test('names are labels, once', () => {
    expect(checkSpec({ volumes: [{ name: 'v' }, { name: 'v' }, { name: 'A.' }] })).toEqual([
      'volumes[1].name: Duplicate value: "v"',
      'volumes[2].name: Invalid value: "A.": a lowercase RFC 1123 label must consist of lower case ' +
        "alphanumeric characters or '-', and must start and end with an alphanumeric character " +
        "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ])
  })

  test('what is mounted is there, each path once', () => {
    const volumeMounts = [
      { name: 'v', mountPath: '/a' },
      { name: 'v', mountPath: '/a', subPath: '../x' },
      { name: 'w', mountPath: '/b', mountPropagation: 'Bidirectional' },
      { name: 'v', mountPath: '/c', recursiveReadOnly: 'Enabled' },
    ]
    const volumeDevices = [{ name: 'v', devicePath: '/dev/x' }]
    const container = { name: 'c', image: 'x', volumeMounts, volumeDevices }
    const errors = checkSpec({ volumes: [{ name: 'v' }], containers: [container] })
    expect(errors.map(text => text.replace('containers[0].', ''))).toEqual([
      'volumeMounts[0].name: Invalid value: "v": must not already exist in volumeDevices',
      'volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
      'volumeMounts[1].name: Invalid value: "v": must not already exist in volumeDevices',
      'volumeMounts.subPath: Invalid value: "../x": must not contain \'..\'',
      'volumeMounts[2].name: Not found: "w"',
      'volumeMounts.mountPropagation: Forbidden: ' +
        'Bidirectional mount propagation is available only to privileged containers',
      'volumeMounts[3].name: Invalid value: "v": must not already exist in volumeDevices',
      'volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true',
      'volumeDevices[0].name: Invalid value: "v": ' +
        'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
      'volumeDevices[0].name: Invalid value: "v": must not already exist in volumeMounts',
    ])
  })
})
