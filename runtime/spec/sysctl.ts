/** The two spellings of a sysctl's name (sysctl(8)). */

/**
 * The path below /proc/sys of `net.ipv4.ip_forward` or `net/ipv4/ip_forward`. The first separator decides: after a dot,
 * dots separate and slashes stand for dots, as in `net.ipv4.conf.eth0/1.forwarding`, and the other way round.
 * @returns undefined for what is no name: empty parts, or parts that would leave /proc/sys.
 */
export function sysctlPath(name: string): string | undefined {
  const [dot, slash] = [name.indexOf("."), name.indexOf("/")];
  if (dot < 0 && slash < 0) return undefined;
  const dotted = slash < 0 || (dot >= 0 && dot < slash);
  const parts = dotted ? name.split(".").map((part) => part.replaceAll("/", ".")) : name.split("/");
  return parts.some((part) => part === "" || part === "." || part === "..")
    ? undefined
    : parts.join("/");
}
