// Where allocation's objects are in the store, as in upstream's etcd. Node ports, which upstream keeps in
// one bitmap, have a key each, so that the store itself lets a port be taken only once.
export const ipAddressPrefix = '/registry/ipaddresses/'
export const serviceCIDRPrefix = '/registry/servicecidrs/'
export const servicePrefix = '/registry/services/specs/'
export const nodePortPrefix = '/registry/ranges/servicenodeports/'
