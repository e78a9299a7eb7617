/** Annotations `org.systemd.property.NAME` as properties of the container's unit, as runc reads them. Pure. */
import { SpecError } from "../errors.ts";
import { parseVariant } from "./gvariant.ts";
import type { UnitProperty } from "./systemd_properties.ts";

const PREFIX = "org.systemd.property.";

/**
 * The properties, in the annotations' order.
 * @throws {SpecError} for a name that no property has, or a value that is not in GVariant's text format.
 */
export function annotatedProperties(
  annotations: Readonly<Record<string, string>> = {},
): UnitProperty[] {
  return Object.entries(annotations)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, text]) => property(name.slice(PREFIX.length), text, `annotations["${name}"]`));
}

function property(name: string, text: string, place: string): UnitProperty {
  if (!/^[A-Za-z]{3,}$/.test(name)) {
    throw new SpecError(place, `"${name}" is not the name of a systemd property`);
  }
  let value;
  try {
    value = parseVariant(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SpecError(place, `"${text}" is not a value in GVariant's text format: ${why}`, {
      cause,
    });
  }
  // Unit files have TimeoutStopSec=, D-Bus has TimeoutStopUSec.
  if (!/[a-z]Sec$/.test(name)) return [name, value];
  const [type, seconds] = value;
  if (typeof seconds !== "bigint" && typeof seconds !== "number") {
    throw new SpecError(place, `seconds are a number, not of type ${type}`);
  }
  const micro = typeof seconds === "bigint"
    ? seconds * 1_000_000n
    : BigInt(Math.trunc(seconds * 1e6));
  if (micro < 0n) throw new SpecError(place, `"${text}" is a negative number of seconds`);
  return [name.replace(/Sec$/, "USec"), ["t", micro]];
}
