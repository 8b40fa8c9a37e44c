// IP families as an ordered list: the first is primary. There is no "dual" value; code loops over the list.

export type IPFamily = 'IPv4' | 'IPv6'

/** One or two different families in order of preference; the first is the primary one. */
export type IPFamilies = readonly IPFamily[]
