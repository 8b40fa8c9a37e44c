// What a person reads, in every language verify speaks. Evidence (addresses, names, numbers) has no
// language and is plain text.

export type Language = 'en' | 'ja'

export const languages: readonly Language[] = ['en', 'ja']

/** The same sentence in each language. */
export type Text = Readonly<Record<Language, string>>

/** A text that reads the same in every language: a command, a name, somebody else's message. */
export const verbatim = (text: string): Text => ({ en: text, ja: text })
