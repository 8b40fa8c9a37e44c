import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { formatOCIArchive, goArchitecture } from './ociarchive.ts'

test('an image has an index that leads to its manifest, its configuration and its layer', () => {
  const archive = formatOCIArchive({
    name: 'localhost/tool:7',
    architecture: 'amd64',
    files: [{ path: 'tool', mode: 0o755, content: 'program' }],
    entrypoint: ['/tool'],
    command: ['--help'],
    environment: ['PATH=/'],
    user: '1:1',
  })
  const read = (path: string) => execFileSync('tar', ['-xOf', '-', path], { input: archive }).toString()
  const follow = ({ digest }: { digest: string }) => JSON.parse(read(`blobs/${digest.replace(':', '/')}`))
  expect(JSON.parse(read('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' })
  const [entry] = JSON.parse(read('index.json')).manifests
  expect(entry.annotations).toEqual({
    'io.containerd.image.name': 'localhost/tool:7',
    'org.opencontainers.image.ref.name': '7',
  })
  const manifest = follow(entry)
  expect(follow(manifest.config)).toEqual({
    architecture: 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/tool'], Cmd: ['--help'], Env: ['PATH=/'], User: '1:1' },
    rootfs: { type: 'layers', diff_ids: [manifest.layers[0].digest] },
  })
  expect(read(`blobs/${manifest.layers[0].digest.replace(':', '/')}`)).toContain('program')
})

test('architectures have the names that images use', () => {
  expect(['x64', 'arm64'].map(goArchitecture)).toEqual(['amd64', 'arm64'])
})
