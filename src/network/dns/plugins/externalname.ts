// Services of type ExternalName (section 2.5): an alias, and what stands behind it, so that stub resolvers
// need not ask again.
import type { DNSRecord, Question, Reply } from '../message.ts'
import { answersOr, type DNSContext, type DNSPlugin, recordTTL } from '../plugin.ts'
import { isAddressType } from '../records.ts'
import { serviceQuestion } from '../servicequestion.ts'

/** An alias of an alias of an alias: no chain is longer, so a circle ends. */
const maxAliases = 8

const targetOf = (name: string, context: DNSContext): string | undefined => {
  const asked = serviceQuestion(name, context)
  if (asked?.service.spec?.type !== 'ExternalName') return undefined
  const isService = asked.hostname === undefined && !asked.port && !asked.protocolOnly
  return isService ? asked.service.spec.externalName?.toLowerCase().replace(/\.$/, '') : undefined
}

/** Follows aliases within the cluster here, and the rest through the chain. */
async function follow(question: Question, target: string, context: DNSContext): Promise<Reply> {
  const answers: DNSRecord[] = []
  let name = question.name
  let next: string | undefined = target
  while (next !== undefined && answers.length < maxAliases) {
    answers.push({ name, type: 'CNAME', ttl: recordTTL, data: next })
    name = next
    next = targetOf(name, context)
  }
  if (next !== undefined) return { rcode: 'SERVFAIL' }
  const rest = await context.resolve({ ...question, name })
  return { ...rest, authoritative: true, answers: [...answers, ...(rest.answers ?? [])] }
}

export const externalNamePlugin: DNSPlugin = {
  name: 'externalname',
  answer(question, context) {
    const asked = serviceQuestion(question.name, context)
    if (asked?.service.spec?.type !== 'ExternalName') return undefined
    const target = targetOf(question.name, context)
    if (target === undefined) return undefined
    if (isAddressType(question.type)) return follow(question, target, context)
    return answersOr(context.domain, [{ name: question.name, type: 'CNAME', ttl: recordTTL, data: target }])
  },
}
