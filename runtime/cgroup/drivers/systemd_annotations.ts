/**
 * Annotations `org.systemd.property.NAME` as properties of the container's unit, as runc reads them. Pure. An image or a pod
 * can set annotations, and a unit of the system's manager can do much to the host (start and stop other units, power it off);
 * so most properties need the administrator's permission.
 */
import { notAllowed } from "../../administrator.ts";
import { SpecError } from "../../common/errors.ts";
import { parseVariant } from "./gvariant.ts";
import type { UnitProperty } from "./unit_property.ts";

const PREFIX = "org.systemd.property.";

/** Microseconds: for longer nobody holds up the host's shutdown unasked. */
const LONGEST_STOP = 3_600_000_000n;

/**
 * What engines set of themselves (CRI-O, containerd), and what concerns the container alone: when its unit ends, how it is
 * stopped, and what is forgotten of it.
 */
const HARMLESS: Readonly<Record<string, (value: UnitProperty[1]) => boolean>> = {
  // An engine's own; a job of another kind of unit might never end, and ours would wait for it.
  After: ([, units]) => Array.isArray(units) && units.every((unit) => /\.service$/.test(unit)),
  CollectMode: () => true,
  // Without them the unit would outlive the host's shutdown.
  DefaultDependencies: ([, value]) => value === true,
  Delegate: ([, value]) => value === true,
  KillSignal: () => true,
  RuntimeMaxUSec: () => true,
  TimeoutStopUSec: ([type, value]) =>
    type === "t" && typeof value === "bigint" && value <= LONGEST_STOP,
};

/** Their names, for docs/microvm.md. */
export const HARMLESS_PROPERTIES = Object.keys(HARMLESS);

/**
 * The properties, in the annotations' order.
 * @param allows has the administrator allowed the annotation of this name? Asked only where it matters.
 * @throws {SpecError} for a name that no property has, a value that is not in GVariant's text format, or a property that the
 * administrator has not allowed.
 */
export async function annotatedProperties(
  annotations: Readonly<Record<string, string>> | undefined,
  allows: (name: string) => boolean | Promise<boolean>,
): Promise<UnitProperty[]> {
  const properties: UnitProperty[] = [];
  for (const [annotation, text] of Object.entries(annotations ?? {})) {
    if (!annotation.startsWith(PREFIX)) continue;
    const place = `annotations["${annotation}"]`;
    const [name, value] = property(annotation.slice(PREFIX.length), text, place);
    const isHarmless = Object.hasOwn(HARMLESS, name) && HARMLESS[name]!(value);
    if (!isHarmless && !await allows(annotation)) throw notAllowed(place, annotation);
    properties.push([name, value]);
  }
  return properties;
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
