import { expect, test } from 'vitest'
import * as der from './der.ts'
import { readElement } from './derreader.ts'
import { encodeAlternativeNames, encodeSubject, readAlternativeNames, readSubject } from './names.ts'

test('A subject is read as it was written', () => {
  const subject = { commonName: 'jane', organizations: ['dev', 'ops'], others: { '2.5.4.6': ['JP'] } }
  expect(readSubject(readElement(encodeSubject(subject)))).toEqual(subject)
})

test('Of several common names the last counts; kinds of names that nobody uses are left out', () => {
  const attribute = (type: string, value: string) =>
    der.sequence(der.objectIdentifier(type), der.utf8String(value))
  const name = der.sequence(
    der.set(attribute('2.5.4.3', 'first'), attribute('2.5.4.10', 'dev')),
    der.set(attribute('1.2.3', 'odd')),
    der.set(attribute('2.5.4.3', 'second')),
  )
  expect(readSubject(readElement(name))).toEqual({
    commonName: 'second',
    organizations: ['dev'],
    others: {},
  })
})

test.each([['172.20.0.4'], ['fd00:172:20::4'], ['172.20.0.4', '::1'], ['::1', '127.0.0.1']])(
  'The addresses %j %j keep their families and their order',
  (...ipAddresses) => {
    const encoded = encodeAlternativeNames({ ipAddresses })!
    expect(readAlternativeNames(readElement(encoded)).ipAddresses).toEqual(ipAddresses)
  },
)

test('An address of neither length, or of either family, is refused', () => {
  const names = (hex: string) => () =>
    readAlternativeNames(readElement(der.sequence(der.implicit(7, Buffer.from(hex, 'hex')))))
  expect(names('010203')).toThrow('x509: cannot parse IP address of length 3')
  expect(names('00000000000000000000ffff01020304')).toThrow('it is an address of either family')
  expect(() => encodeAlternativeNames({ ipAddresses: ['example.com'] })).toThrow('expected an IPv4 or IPv6')
  expect(encodeAlternativeNames({})).toBeUndefined()
})
