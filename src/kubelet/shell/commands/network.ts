// What a container knows of its network: its addresses, names and routes. Nothing is sent anywhere;
// commands that would have to (wget, nc, ping) do not exist.
import { familyOf, type IPFamily, loopbackAddress } from '../../../ip/family.ts'
import { type CommandFunction, type Commands, fail, type Invocation } from '../world.ts'

const keywords: Readonly<
  Record<IPFamily, { readonly name: string; readonly prefix: number; readonly flag: string }>
> = {
  IPv4: { name: 'inet', prefix: 24, flag: '-4' },
  IPv6: { name: 'inet6', prefix: 64, flag: '-6' },
}
const families = Object.keys(keywords) as IPFamily[]
const loopbackPrefix: Readonly<Record<IPFamily, number>> = { IPv4: 8, IPv6: 128 }
const forever = '       valid_lft forever preferred_lft forever\n'

function addressLines({ world }: Invocation, shown: readonly IPFamily[]): string {
  const loopback = shown.map(
    family =>
      `    ${keywords[family].name} ${loopbackAddress[family]}/${loopbackPrefix[family]} scope host lo\n${forever}`,
  )
  const own = families.flatMap(family =>
    world.podIPs
      .filter(ip => familyOf(ip) === family && shown.includes(family))
      .map(
        ip => `    ${keywords[family].name} ${ip}/${keywords[family].prefix} scope global eth0\n${forever}`,
      ),
  )
  return [
    '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN qlen 1000\n',
    '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n',
    ...loopback,
    '2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n',
    '    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n',
    ...own,
  ].join('')
}

const ip: CommandFunction = async invocation => {
  const { args, stdout, stderr } = invocation
  const shown = families.filter(family => args.includes(keywords[family].flag))
  const [object = ''] = args.filter(arg => !arg.startsWith('-'))
  if (!object || !'address'.startsWith(object)) {
    await stderr.write('Usage: ip [ -4 | -6 ] address\n')
    return 1
  }
  await stdout.write(addressLines(invocation, shown.length > 0 ? shown : families))
  return 0
}

const getent: CommandFunction = async invocation => {
  const { args, world, stdout } = invocation
  const [database, ...names] = args
  if (!['hosts', 'ahosts', 'ahostsv4', 'ahostsv6'].includes(database ?? '')) {
    return fail(invocation, `unknown database: ${database ?? ''}`, 1)
  }
  let status = 0
  for (const name of names) {
    const all = await world.resolve(name)
    const wanted = families.filter(
      family => !/v[46]$/.test(database ?? '') || database?.endsWith(family.slice(-1)),
    )
    const found = all.filter(address => wanted.some(family => familyOf(address) === family))
    if (found.length === 0) status = 2
    for (const address of found) await stdout.write(`${address.padEnd(15)} ${name}\n`)
  }
  return status
}

const nslookup: CommandFunction = async ({ args, world, stdout }) => {
  const name = args.find(arg => !arg.startsWith('-')) ?? ''
  const found = await world.resolve(name)
  await stdout.write(`Server:\t\t${world.nameserver}\nAddress:\t${world.nameserver}#53\n\n`)
  if (found.length === 0) {
    await stdout.write(`** server can't find ${name}: NXDOMAIN\n\n`)
    return 1
  }
  for (const address of found) await stdout.write(`Name:\t${name}\nAddress: ${address}\n`)
  await stdout.write('\n')
  return 0
}

export const networkCommands: Commands = { getent, ip, nslookup }
