/** The two forms of a sysctl's name (sysctl(8)). */

/**
 * The path below /proc/sys of `net.ipv4.ip_forward` or `net/ipv4/ip_forward`. The first separator decides: if it is a dot,
 * dots separate and slashes stand for dots, as in `net.ipv4.conf.eth0/1.forwarding`; if it is a slash, the reverse.
 * @returns undefined for an invalid name: with empty parts, or parts that would leave /proc/sys.
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
