import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { formatTar } from '../../component/tar.ts'
import { ContainerFiles, FileTree } from '../filesystem.ts'
import { isExecutable, runProcess } from './process.ts'
import { Collector, noInput, Pipe } from './streams.ts'
import { Terminal } from './terminal.ts'
import type { World } from './world.ts'

const hosts = '127.0.0.1\tlocalhost\n10.244.1.4\tpod01\nfd00::4\tpod01\n'

function testWorld(): World & { clock: FakeClock } {
  const tree = FileTree.of(new Map([['etc/hosts', Buffer.from(hosts)]]))
  for (const folder of ['tmp', 'root', 'bin']) tree.folders.add(folder)
  return {
    files: new ContainerFiles(tree),
    hostname: 'pod01',
    podIPs: ['10.244.1.4', 'fd00::4'],
    user: { uid: 0, gid: 0 },
    clock: new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5)),
    resolve: async name => (name === 'web' ? ['10.96.0.7', 'fd00:96::7'] : []),
    nameserver: '10.96.0.10',
  }
}

const variables = new Map([
  ['HOME', '/root'],
  ['MY_POD_IPS', '10.244.1.4,fd00::4'],
  ['WORDS', 'a  b'],
])

async function run(argv: readonly string[], world: World = testWorld(), input: string | Buffer = '') {
  const stdout = new Collector()
  const stderr = new Collector()
  const stdin = new Pipe()
  await stdin.write(input)
  stdin.close()
  const { signal } = new AbortController()
  const options = { argv, world, variables, directory: '/', signal, stdin, stdout, stderr }
  const exitCode = await runProcess(options)
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

const sh = (script: string, world?: World) => run(['sh', '-c', script], world)

test('set shows the environment as a shell does', async () => {
  expect(isExecutable('set')).toBe(true)
  const { stdout } = await run(['set'])
  expect(stdout).toBe("HOME=/root\nMY_POD_IPS=10.244.1.4,fd00::4\nWORDS='a  b'\n")
})

test('What needs a network or a kernel does not exist', () => {
  expect(['wget', 'curl', 'nc', 'ping', 'nginx'].filter(isExecutable)).toEqual([])
  expect(['sh', '/bin/sh', '/usr/bin/env', 'cat', 'printenv'].every(isExecutable)).toBe(true)
})

test.each([
  ['echo $WORDS "$WORDS" \'$WORDS\' \\$WORDS', 'a b a  b $WORDS $WORDS\n'],
  ['set | grep MY_POD_IPS', 'MY_POD_IPS=10.244.1.4,fd00::4\n'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell, not a template
  ['echo ${X:-d} ${HOME:+y} ${#HOME} ${HOME%oot} ${HOME#/}', 'd y 5 /r root\n'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell, not a template
  ['echo ${X:=set} $X', 'set set\n'],
  ['echo $(echo inner | tr a-z A-Z) `echo back`', 'INNER back\n'],
  ['x=4; echo $((x * 2 + 1)) $((x > 3 ? 1 : 0)) $((10 % 4))', '9 1 2\n'],
  ['true && echo yes || echo no; false && echo yes || echo no', 'yes\nno\n'],
  ['! false; echo $?; (exit 5); echo $?', '0\n5\n'],
  ['for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done', '1\n3\n'],
  ['i=0; while true; do i=$((i+1)); [ $i -ge 3 ] && break; done; echo $i', '3\n'],
  ['until [ -f /tmp/go ]; do touch /tmp/go; done; ls /tmp', 'go\n'],
  ['if [ -d /etc ]; then echo d; elif true; then echo e; else echo f; fi', 'd\n'],
  ['case pod01 in web*|pod*) echo match;; *) echo other;; esac', 'match\n'],
  ['f() { echo "$1-$#"; return 3; }; f a b; echo $?', 'a-2\n3\n'],
  ['x=1; { x=2; }; (x=3); echo $x', '2\n'],
  ['echo one > /tmp/f; echo two >> /tmp/f; cat < /tmp/f; wc -l < /tmp/f', 'one\ntwo\n2\n'],
  ['cat <<EOF | grep hello\nhello $HOME\nEOF', 'hello /root\n'],
  ["cat <<'EOF'\n$HOME\nEOF", '$HOME\n'],
  ['yes | head -2', 'y\ny\n'],
  ['echo a b c | while read x rest; do echo "$rest"; done', 'b c\n'],
  ['echo /e*/h* "/e*"', '/etc/hosts /e*\n'],
  ['cat /none 2>/dev/null || echo missing', 'missing\n'],
  ['echo err 1>&2 2>/dev/null; echo out', 'out\n'],
  ["sh -c 'echo $0 $1' name arg", 'name arg\n'],
  ['A=1 env | grep ^A=', 'A=1\n'],
  ['eval "echo $HOME"; command -v sh; type cd', '/root\n/bin/sh\ncd is a shell builtin\n'],
  ['cd /etc && pwd && cd - && pwd', '/etc\n/\n/\n'],
  ['echo "a # b" # comment', 'a # b\n'],
  ['timeout 5 echo in time', 'in time\n'],
])('sh -c %j', async (script, expected) => {
  expect((await sh(script)).stdout).toBe(expected)
})

test.each([
  ['cat /etc/hosts', hosts],
  ['hostname; hostname -i', 'pod01\n10.244.1.4 fd00::4\n'],
  ['id -u; whoami', '0\nroot\n'],
  ['date +%Y-%m-%dT%H:%M:%S', '2026-01-02T03:04:05\n'],
  [
    'ip -6 addr | grep eth0',
    '2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n    inet6 fd00::4/64 scope global eth0\n',
  ],
  ['ip -4 addr | grep global', '    inet 10.244.1.4/24 scope global eth0\n'],
  ['getent ahostsv6 web', 'fd00:96::7      web\n'],
  ['printf "%s=%03d\\n" a 7 b 12', 'a=007\nb=012\n'],
  ['printf "b\\na\\nb\\n" | sort | uniq -c | tr -s " "', '      1 a\n      2 b\n'],
  ['echo a:b:c | cut -d: -f2-', 'b:c\n'],
  ['seq 5 | tail -2; seq 5 | sort -rn | head -n1', '4\n5\n5\n'],
  ['seq 5 | tail -n +4; printf abcdef | tail -c 2; printf abcdef | tail -c+3', '4\n5\nefcdef'],
  ['printf abc | tail -c+0; printf abc | tail -c 9; printf abc | tail -c 0', 'abcabc'],
  ['printf abc | sha256sum', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  -\n'],
  ['tty; stty size 2>&1', 'not a tty\nstty: standard input: Inappropriate ioctl for device\n'],
  ['printf "x1\\ny2\\n" | grep -E "^(x|z)[0-9]"; printf "a\\nb\\n" | grep -vn a', 'x1\n2:b\n'],
  ['mkdir -p /tmp/a/b && touch /tmp/a/b/c && find /tmp -type f && rm -r /tmp/a && ls /tmp', '/tmp/a/b/c\n'],
  ['echo aGVsbG8= | base64 -d', 'hello'],
  ['basename /a/b.txt .txt; dirname /a/b', 'b\n/a\n'],
  ['test -f /etc/hosts -a ! -d /none && [ 2 -gt 1 ] && echo ok', 'ok\n'],
])('The commands of %j', async (script, expected) => {
  expect((await sh(script)).stdout).toBe(expected)
})

test.each([
  ['nosuch', 127, 'sh: nosuch: not found\n'],
  ['exit 3', 3, ''],
  ['set -e; false; echo never', 1, ''],
  ['echo "open', 2, 'sh: syntax error: unterminated quoted string\n'],
  ['if true; fi', 2, 'sh: syntax error: unexpected "fi"\n'],
  ['cat /none', 1, "cat: can't open '/none': No such file or directory\n"],
  ['echo x > /none/y', 1, "sh: can't create /none/y: nonexistent directory\n"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell, not a template
  ['echo ${X:?is missing}', 2, 'sh: X: is missing\n'],
  ['echo $((1 / 0))', 2, 'sh: divide by zero\n'],
])('sh -c %j ends with %d', async (script, exitCode, stderr) => {
  expect(await sh(script)).toMatchObject({ exitCode, stderr })
})

test('Standard input reaches the command, byte for byte', async () => {
  expect((await run(['cat'], testWorld(), 'line\n')).stdout).toBe('line\n')
  expect((await run(['sh'], testWorld(), 'echo from script\n')).stdout).toBe('from script\n')
})

test('A script from the input runs command by command, and commands read what follows them', async () => {
  const text = [
    'read line',
    'kept é',
    'echo "got $line"',
    'if true',
    'then echo "two',
    'lines"; fi',
    'cat <<end; for x in 1 2; do',
    'here',
    'end',
    'echo $x \\',
    'more; done',
    'wc -l',
    'one',
    'two',
  ].join('\n')
  const { stdout, exitCode } = await run(['sh'], testWorld(), `${text}\n`)
  expect(stdout).toBe('got kept é\ntwo\nlines\nhere\n1 more\n2 more\n2\n')
  expect(exitCode).toBe(0)
  expect(await run(['sh'], testWorld(), 'echo a\nfi\necho b\n')).toEqual({
    exitCode: 2,
    stdout: 'a\n',
    stderr: 'sh: syntax error: unexpected "fi"\n',
  })
  expect(await run(['sh'], testWorld(), 'exit 3\necho b\n')).toMatchObject({ exitCode: 3, stdout: '' })
  expect((await run(['sh'], testWorld(), 'false')).exitCode).toBe(1)
  expect((await run(['sh'], testWorld(), 'false\n\n')).exitCode).toBe(1)
  expect((await run(['sh'], testWorld(), 'echo "a')).stderr).toContain('unterminated quoted string')
})

test('A shell answers before its input ends', async () => {
  const stdin = new Pipe()
  const answer = new Pipe()
  const options = { argv: ['sh'], world: testWorld(), variables, directory: '/', stderr: new Collector() }
  const { signal } = new AbortController()
  const ended = runProcess({ ...options, signal, stdin, stdout: answer })
  await stdin.write('echo first\n')
  expect(String(await answer.read())).toBe('first\n')
  await stdin.write('echo second; exit 4\n')
  expect(String(await answer.read())).toBe('second\n')
  expect(await ended).toBe(4)
})

test('wait waits for what runs behind', async () => {
  const world = testWorld()
  const done = sh('trap exit TERM; sleep 5 & sleep 3 & echo started; wait; echo ended', world)
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
  let hasEnded = false
  void done.then(() => {
    hasEnded = true
  })
  await world.clock.advance(4000)
  expect(hasEnded).toBe(false)
  await world.clock.advance(1000)
  expect((await done).stdout).toBe('started\nended\n')
})

test('sleep takes its time, and ends at once when the process is stopped', async () => {
  const world = testWorld()
  const done = sh('sleep 5; echo awake', world)
  await new Promise(resolve => setImmediate(resolve))
  await world.clock.advance(5000)
  expect((await done).stdout).toBe('awake\n')
  const stopping = new AbortController()
  const stopped = runProcess({
    argv: ['sleep', '1000'],
    world,
    variables,
    directory: '/',
    signal: stopping.signal,
    stdin: noInput,
    stdout: new Collector(),
    stderr: new Collector(),
  })
  stopping.abort(new Error('stop'))
  expect(await stopped).toBe(143)
})

async function openTerminal() {
  const screen = new Collector()
  const terminal = new Terminal(screen)
  const keys = new Pipe()
  void terminal.feed(keys)
  const world = testWorld()
  const exitCode = runProcess({
    argv: ['sh'],
    world,
    variables,
    directory: '/',
    signal: new AbortController().signal,
    stdin: noInput,
    stdout: screen,
    stderr: screen,
    terminal,
  })
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  const type = async (text: string) => {
    await keys.write(text)
    await settle()
  }
  await settle()
  return { screen, type, terminal, exitCode }
}

test('At a terminal the shell prompts, echoes and answers until Ctrl-D', async () => {
  const { screen, type, exitCode } = await openTerminal()
  await type('echo hx\x7fi\r')
  await type('cd /etc\r')
  await type('\x04')
  expect(await exitCode).toBe(0)
  expect(screen.text).toBe('/ # echo hx\b \bi\r\nhi\r\n/ # cd /etc\r\n/etc # ')
})

test('A terminal has a name and the size of its window', async () => {
  const { screen, type, terminal } = await openTerminal()
  await type('tty\r')
  terminal.size = { columns: 132, rows: 50 }
  await type('stty size\r')
  expect(screen.text).toBe('/ # tty\r\n/dev/pts/0\r\n/ # stty size\r\n50 132\r\n/ # ')
})

test('Ctrl-C interrupts the command, not the shell; arrow up brings the last line back', async () => {
  const { screen, type, exitCode } = await openTerminal()
  await type('sleep 1000\r')
  await type('\x03')
  await type('echo $?\r')
  await type('\x1b[A\r')
  await type('exit 4\r')
  expect(await exitCode).toBe(4)
  expect(screen.text).toBe('/ # sleep 1000\r\n^C\r\n/ # echo $?\r\n130\r\n/ # echo $?\r\n0\r\n/ # exit 4\r\n')
})

test('What links in an archive lead to is copied, and one that leads nowhere is told', async () => {
  const world = testWorld()
  const archive = formatTar([
    { path: 'd/file', linkTo: 'sub/a' },
    { path: 'd/folder', linkTo: '../d/sub' },
    { path: 'd/sub/a', content: 'x' },
    { path: 'd/nowhere', linkTo: '/none' },
    { path: 'd/itself', linkTo: '.' },
  ])
  const unpacked = await run(['tar', 'xf', '-', '-C', '/tmp'], world, archive)
  expect(unpacked).toEqual({
    exitCode: 1,
    stdout: '',
    stderr:
      "tar: can't create symlink '/tmp/d/nowhere' to '/none': No such file or directory\n" +
      "tar: can't create symlink '/tmp/d/itself' to '.': No such file or directory\n",
  })
  expect((await sh('cd /tmp; find d -type f | sort; cat d/file d/folder/a', world)).stdout).toBe(
    'd/file\nd/folder/a\nd/sub/a\nxx',
  )
})

test('tar packs and unpacks files and folders, as kubectl cp asks it to', async () => {
  const script =
    'mkdir -p /tmp/a/b; echo one > /tmp/a/f; printf two > /tmp/a/b/g; mkdir /tmp/c; ' +
    'tar cf - /tmp/a 2>/dev/null | tar --no-same-owner -xmf - -C /tmp/c; find /tmp/c -type f; cat /tmp/c/tmp/a/b/g'
  expect(await sh(script)).toEqual({
    exitCode: 0,
    stdout: '/tmp/c/tmp/a/b/g\n/tmp/c/tmp/a/f\ntwo',
    stderr: '',
  })
  expect(
    await sh(
      'cd /tmp; echo x > f; tar cf a.tar f; tar tf a.tar; tar xf a.tar -C /missing/below; ls /missing/below',
    ),
  ).toMatchObject({
    stdout: 'f\nf\n',
  })
})

test.each([
  [
    'tar cf - /missing',
    "tar: removing leading '/' from member names\ntar: /missing: No such file or directory\n",
  ],
  ['echo nonsense | tar xf -', 'tar: this does not look like a tar archive\n'],
  ['tar xf /etc/hosts', 'tar: this does not look like a tar archive\n'],
  ['tar xf /missing', 'tar: No such file or directory\n'],
  ['tar', 'tar: need at least one option\n'],
])('%s says what is wrong', async (script, stderr) => {
  expect((await sh(script)).stderr).toBe(stderr)
})

test('A prompt asks for the rest of what is not whole, and Ctrl-C gives it up', async () => {
  const { screen, type, exitCode } = await openTerminal()
  await type('for x in 1 2; do\r')
  await type('echo $x; done\r')
  await type('echo "a\r')
  await type('\x03')
  await type('fi\r')
  await type('exit\r')
  expect(await exitCode).toBe(2)
  expect(screen.text).toBe(
    [
      '/ # for x in 1 2; do',
      '> echo $x; done',
      '1',
      '2',
      '/ # echo "a',
      '> ^C',
      '/ # fi',
      'sh: syntax error: unexpected "fi"',
      '/ # exit',
      '',
    ].join('\r\n'),
  )
})
