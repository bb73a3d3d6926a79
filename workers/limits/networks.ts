/** Who counts as one caller where nobody is known yet: the network that an address is in. */

/** Groups of an IPv6 address that name a network: its subscriber has all addresses in it (RFC 6177), as of IPv4 a single one. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** The /64 of an IPv6 address, however it is written (RFC 5952); of IPv4 the address itself. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = [], after] = address
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = after === undefined ? 0 : GROUPS - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...(after ?? [])];
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
