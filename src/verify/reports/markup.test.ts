import { expect, test } from 'vitest'
import { html, Markup, withCode } from './markup.ts'

test('html`` escapes what is put in, but not its own markup', () => {
  expect(
    html`<p title="${'"'}">${"<b>&'x"}${html`<i>${1}</i>`}${[html`<br>`, 'a<']}${undefined}</p>`.text,
  ).toBe('<p title="&quot;">&lt;b&gt;&amp;&#39;x<i>1</i><br>a&lt;</p>')
  expect(html`${Markup.trusted('<hr>')}`.text).toBe('<hr>')
})

test('html`` replaces what HTML cannot hold', () => {
  expect(html`${'a\u0000b\u001bc\ud800d\te\nf'}`.text).toBe('a\ufffdb\ufffdc\ufffdd\te\nf')
})

test('withCode() marks what stands in backticks and escapes all of it', () => {
  expect(withCode('Set `--node-ip=<a>` or `x`, not `this').text).toBe(
    'Set <code>--node-ip=&lt;a&gt;</code> or <code>x</code>, not `this',
  )
})

test.each([
  ['Set --cluster-cidr on both.', 'Set <code>--cluster-cidr</code> on both.'],
  ['e.g. --node-ip=10.0.0.1,fd00::1. Then', 'e.g. <code>--node-ip=10.0.0.1,fd00::1</code>. Then'],
  [
    'kubeletの--node-ip=<IPv4 address>,<IPv6アドレス>の順序',
    'kubeletの<code>--node-ip=&lt;IPv4 address&gt;,&lt;IPv6アドレス&gt;</code>の順序',
  ],
  ['a -- b, x--y and ---', 'a -- b, x--y and ---'],
  ['(--image PREFIX/)', '(<code>--image</code> PREFIX/)'],
])('withCode() finds the flag in %j', (text, marked) => {
  expect(withCode(text).text).toBe(marked)
})
