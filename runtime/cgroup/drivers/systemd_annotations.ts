/**
 * Annotations `org.systemd.property.NAME` as properties of the container's unit, as in runc. Pure. An image or a pod can
 * set annotations, and a unit of the system manager can do much to the host (start and stop other units, power it off); so
 * most properties need the administrator's permission.
 */
import { notAllowed } from "../../administrator.ts";
import { SpecError } from "../../common/errors.ts";
import { parseVariant } from "./gvariant.ts";
import type { UnitProperty } from "./unit_property.ts";

const PREFIX = "org.systemd.property.";

/** Microseconds: a longer delay of the host's shutdown needs permission. */
const LONGEST_STOP = 3_600_000_000n;

/**
 * Properties that engines set themselves (CRI-O, containerd), and those that affect only the container: when its unit ends,
 * how it is stopped, and when it is unloaded.
 */
const HARMLESS: Readonly<Record<string, (value: UnitProperty[1]) => boolean>> = {
  // For an engine's own service; a job of another kind of unit might never end, and kago's would wait for it.
  After: ([, units]) => Array.isArray(units) && units.every((unit) => /\.service$/.test(unit)),
  CollectMode: () => true,
  // Without the dependencies the unit would not be stopped at the host's shutdown.
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
 * @param allows has the administrator allowed this annotation? Called only if that is necessary.
 * @throws {SpecError} for an invalid property name, a value that is not in GVariant's text format, or a property that the
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
  // TimeoutStopSec= in unit files is TimeoutStopUSec on D-Bus.
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
