/** D-Bus type signatures (D-Bus Specification, "Type System") and values that carry one. Pure. */

/** A value with its signature, a single complete type: `["u", 5]`, `["as", ["a", "b"]]`, `["a(ss)", [["x", "y"]]]`. */
export type BusValue = readonly [signature: string, data: BusData];

/** Numbers up to 2^53 as numbers, larger ones as bigint; a struct is an array of its fields; a variant is a BusValue. */
export type BusData = boolean | number | bigint | string | readonly BusData[];

/** The sequence of single complete types in a signature: `a{sv}(ii)s` is `a{sv}`, `(ii)`, `s`. */
export function splitSignature(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, start: number): number {
  const first = signature[start];
  if (first === "a") return endOfType(signature, start + 1);
  if (first === "(" || first === "{") {
    const close = first === "(" ? ")" : "}";
    let at = start + 1;
    while (signature[at] !== close) at = endOfType(signature, at);
    return at + 1;
  }
  if (first === undefined || !"ybnqiuxtdsogvh".includes(first)) {
    throw new TypeError(`"${signature}" is not a D-Bus signature`);
  }
  return start + 1;
}
