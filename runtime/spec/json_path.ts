/** Formats a place in config.json for errors: `process.args[0]`, `linux.sysctl["net.ipv4.ip_forward"]`. */

/** Joins keys and indexes; a key that is not a plain word is quoted in brackets. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (!/^\w+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text ? `${text}.${part}` : part;
  }, "");
}
