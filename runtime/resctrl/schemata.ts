/** Lines of a resctrl `schemata` file, such as `L3:0=7f0;1=1f` (the kernel's filesystems/resctrl.rst). Pure. */

/** Values by cache id: `7f0`, `1f`. */
type Values = ReadonlyMap<string, string>;

/**
 * Does the text of a `schemata` file contain all values of `line`? Ignored are leading zeros, spaces, letter case,
 * order, and caches that the line does not name.
 */
export function hasSchema(text: string, line: string): boolean {
  const wanted = parseLine(line);
  if (!wanted) return false;
  const present = text.split("\n").map(parseLine).find((found) =>
    found?.resource === wanted.resource
  );
  if (!present) return false;
  return [...wanted.values].every(([id, value]) => present.values.get(id) === value);
}

function parseLine(
  line: string,
): { readonly resource: string; readonly values: Values } | undefined {
  const colon = line.indexOf(":");
  if (colon < 0) return undefined;
  const pairs = line.slice(colon + 1).split(";").map((pair) => pair.split("=").map(plain));
  const values = new Map(pairs.map(([id = "", value = ""]) => [id, value]));
  return { resource: line.slice(0, colon).trim(), values };
}

function plain(text: string): string {
  return text.trim().toLowerCase().replace(/^0+(?=.)/, "");
}
