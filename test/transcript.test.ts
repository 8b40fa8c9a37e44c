import { expect, test } from 'vitest'
import { normalize, readTranscript } from './transcript.ts'

test('readTranscript() takes commands and their output out of console blocks only', () => {
  const markdown = [
    '```yaml',
    '$ not a command',
    '```',
    '```console',
    '$ kubectl get nodes \\',
    '    -o name',
    'node/node1',
    '$ cat <<EOF',
    'x',
    'EOF',
    'x',
    '```',
  ].join('\n')
  expect(readTranscript(markdown)).toEqual([
    { line: 5, command: 'kubectl get nodes \\\n    -o name', output: 'node/node1\n' },
    { line: 8, command: 'cat <<EOF\nx\nEOF', output: 'x\n' },
  ])
})

test('normalize() hides what differs from run to run and keeps the rest', () => {
  expect(normalize('10.244.1.4,a00:100::4  pod01')).toBe('<IPv4>,<IPv6> pod01')
  expect(normalize('::1\tlocalhost\nfe00::0\tip6-localnet')).toBe('<IPv6> localhost\n<IPv6> ip6-localnet')
  expect(normalize('https://127.0.0.1:6443 300 ms, 1.2 s')).toBe('<server> <duration>, <duration>')
  expect(normalize('80:30790/TCP   35s')).toBe('80:<node port>/TCP <age>')
  expect(normalize('service "a" deleted from default namespace')).toBe('service "a" deleted')
  expect(normalize('Endpoints: [fd00::2]:80,10.0.0.2:80')).toBe(
    normalize('Endpoints: 10.0.0.2:80,[fd00::2]:80'),
  )
  expect(normalize('fd00:10:244::/64')).toBe('<IPv6>/64')
  expect(normalize('creationTimestamp: "2026-01-02T03:04:05Z"')).toBe('creationTimestamp: "<time>"')
})
