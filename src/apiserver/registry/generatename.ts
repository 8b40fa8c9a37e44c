// Names for objects that come with generateName only: five random characters of an alphabet without vowels
// and look-alikes, as apiserver's pkg/storage/names has them.
import { randomFillSync } from 'node:crypto'

const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const randomLength = 5
const longestBase = 63 - randomLength

const pool = Buffer.alloc(1024)
let used = pool.length

function randomByte(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool[used++]!
}

/** `length` characters that are safe in names and spell no words. */
export function randomSuffix(length: number): string {
  let text = ''
  while (text.length < length) {
    const byte = randomByte()
    // 243 = 9 * 27: no character is likelier than another.
    if (byte < 243) text += alphabet[byte % alphabet.length]
  }
  return text
}

export const generateName = (base: string) => base.slice(0, longestBase) + randomSuffix(randomLength)
