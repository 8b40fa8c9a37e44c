// Reads console transcripts out of documents (```console blocks: `$ command`, then what it prints) and
// compares printed text apart from what differs from run to run: addresses, ages, times, ids.

export interface Step {
  readonly line: number
  readonly command: string
  readonly output: string
}

/**
 * The steps of every ```console block, in order. A line ending in a backslash or an open heredoc goes on. A
 * block below `<!-- kubectl 1.20 -->` is for that version only.
 */
export function readTranscript(markdown: string, version = ''): Step[] {
  const steps: { line: number; command: string; output: string }[] = []
  let inside = false
  let heredoc = ''
  let only = ''
  markdown.split('\n').forEach((text, index) => {
    if (text.startsWith('```')) {
      inside = text === '```console' && (only === '' || only === version)
      only = ''
      return
    }
    only = /^<!-- kubectl (\S+) -->$/.exec(text)?.[1] ?? only
    if (!inside) return
    const current = steps.at(-1)
    if (heredoc || current?.command.endsWith('\\')) {
      current!.command += `\n${text}`
      if (text === heredoc) heredoc = ''
    } else if (text.startsWith('$ ')) {
      steps.push({ line: index + 1, command: text.slice(2), output: '' })
      heredoc = /<<'?(\w+)'?/.exec(text)?.[1] ?? ''
    } else if (current) current.output += `${text}\n`
  })
  return steps
}

const variable: readonly (readonly [RegExp, string])[] = [
  [/ready in \d+ ms {2}kubeconfig: \S+/g, 'ready in <ms> kubeconfig: <file>'],
  [/https:\/\/\S+:\d+/g, '<server>'],
  [/\b\d+(\.\d+)? m?s\b/g, '<duration>'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/\b\d{1,3}(\.\d{1,3}){3}\b/g, '<IPv4>'],
  [/(?<![\w:])(?=[0-9a-f]*:[0-9a-f]*:)[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}(?![\w:])/g, '<IPv6>'],
  [/resourceVersion: "\d+"/g, 'resourceVersion: "<number>"'],
  [/\b3\d{4}\b/g, '<node port>'],
  [/\b(\d+d)?(\d+h)?(\d+m)?(\d+s)\b/g, '<age>'],
  [/-[0-9a-z]{8,10}-[a-z0-9]{5}\b/g, '-<pod suffix>'],
  [/[ \t]+/g, ' '],
  [/ +$/gm, ''],
  // Newer kubectls name the namespace.
  [/^(\w+ "\S+" deleted) from \S+ namespace$/gm, '$1'],
]

/** kubectl lists the addresses of several EndpointSlices in the order of their random names. */
const sortEndpoints = (text: string) =>
  text.replace(
    /^(Endpoints: )(.*)$/gm,
    (_, label: string, list: string) => label + list.split(',').sort().join(),
  )

/** The text with everything that differs from run to run replaced by what it is. */
export const normalize = (text: string): string =>
  sortEndpoints(variable.reduce((result, [pattern, name]) => result.replace(pattern, name), text)).trim()
