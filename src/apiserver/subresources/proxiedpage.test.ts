import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { LinkRewriter, rewriteLink } from './proxiedpage.ts'

const place = { prefix: '/p/proxy', hosts: ['10.244.0.5:8080', '[fd00::5]:8080', 'cluster:6443'] }

test.each([
  ['/a', '/p/proxy/a'],
  ['/', '/p/proxy/'],
  ['/p/proxy/a', '/p/proxy/a'],
  ['a/b', 'a/b'],
  ['#top', '#top'],
  ['?q=/a', '?q=/a'],
  ['', ''],
  ['mailto:/a', 'mailto:/a'],
  ['http://10.244.0.5:8080/a?b#c', '/p/proxy/a?b#c'],
  ['http://10.244.0.5:8080', '/p/proxy/'],
  ['http://[fd00::5]:8080/a', '/p/proxy/a'],
  ['https://cluster:6443/a', '/p/proxy/a'],
  ['//cluster:6443/a', '/p/proxy/a'],
  ['//other/a', '//other/a'],
  ['http://other/a', 'http://other/a'],
  ['http://10.244.0.50:8080/a', 'http://10.244.0.50:8080/a'],
])('The link %j becomes %j', (link, expected) => {
  expect(rewriteLink(link, place)).toBe(expected)
})

async function rewritten(page: string, size: number): Promise<string> {
  const bytes = Buffer.from(page)
  const rewriter = new LinkRewriter(place)
  for (let start = 0; start < bytes.length; start += size) rewriter.write(bytes.subarray(start, start + size))
  rewriter.end()
  return text(rewriter)
}

const cases = [
  ['<a href="/x">ä</a>', '<a href="/p/proxy/x">ä</a>'],
  [
    "<IMG alt='a > b' SRC = '/i.png' longdesc=/l>",
    "<IMG alt='a > b' SRC = '/p/proxy/i.png' longdesc=/p/proxy/l>",
  ],
  ['<a data-href="/x" title=" href=/y">', '<a data-href="/x" title=" href=/y">'],
  ['<p src="/x">text href="/y" < 3 <', '<p src="/x">text href="/y" < 3 <'],
  ['<!-- <a href="/x"> --><a href="/x">', '<!-- <a href="/x"> --><a href="/p/proxy/x">'],
  [
    '<script src="/s.js">"<a href=\'/x\'>"</SCRIPT><link href="/c"/>',
    '<script src="/p/proxy/s.js">"<a href=\'/x\'>"</SCRIPT><link href="/p/proxy/c"/>',
  ],
  ['<a href="/x', '<a href="/x'],
] as const

test.each(cases)('The page %j, whole or in small pieces', async (page, expected) => {
  for (const size of [1, 3, 1000]) expect(await rewritten(page, size)).toBe(expected)
})

test('A tag of many kilobytes is passed on as it is, and the next one is rewritten', async () => {
  const long = `<img alt="${'y'.repeat(5000)}" src="/x">`
  for (const size of [100, 10_000]) {
    expect(await rewritten(`${long}<a href="/x">`, size)).toBe(`${long}<a href="/p/proxy/x">`)
  }
})
