/**
 * The unit of a container with the systemd driver, and its cgroup, by runc's rules (its docs/systemd.md) and
 * systemd.slice(5), systemd.unit(5). Pure.
 */
import { SpecError } from "../../common/errors.ts";
import type { CgroupLayout } from "../layout.ts";
import type { SystemdRecord } from "../path.ts";

const FIELD = "linux.cgroupsPath";

/** Which systemd manages the container, and that manager's cgroup: `/` for the system's. */
export interface ManagerPlace {
  readonly bus: SystemdRecord["bus"];
  /** Absolute, from the root of the hierarchy. */
  readonly cgroup: string;
}

/**
 * The unit for `linux.cgroupsPath`, `SLICE:PREFIX:NAME`: the scope PREFIX-NAME.scope in SLICE. An empty or absent path
 * means `:kago:ID`; an empty slice means system.slice, for a user's manager user.slice.
 * @throws {SpecError}
 */
export function systemdRecord(
  layout: CgroupLayout,
  cgroupsPath: string | undefined,
  id: string,
  manager: ManagerPlace,
): SystemdRecord {
  const [wanted, prefix, name] = splitPath(cgroupsPath || `:kago:${escapeName(id)}`);
  if (name.endsWith(".slice")) {
    throw new SpecError(
      FIELD,
      `a slice cannot hold processes, so "${name}" cannot be the cgroup of a container`,
    );
  }
  const slice = wanted || (manager.bus === "user" ? "user.slice" : "system.slice");
  const unit = `${prefix}-${name}.scope`;
  if (!/^[\w:.@\\-]+$/.test(unit) || unit.length > 255) {
    throw new SpecError(FIELD, `"${unit}" cannot be the name of a systemd unit`);
  }
  const base = manager.cgroup === "/" ? "" : manager.cgroup;
  const inner = `${base}${expandSlice(slice)}/${unit}`;
  const directories = layout.hierarchies.map(({ version, controllers, mountPoint }) => (
    { version, controllers, mountPoint, path: mountPoint + inner }
  ));
  return { driver: "systemd", bus: manager.bus, unit, slice, directories };
}

function splitPath(path: string): [slice: string, prefix: string, name: string] {
  const parts = path.split(":");
  const [slice, prefix, name] = parts;
  if (parts.length === 3 && name) return [slice!, prefix!, name];
  throw new SpecError(
    FIELD,
    `"${path}" is not SLICE:PREFIX:NAME, as the systemd cgroup manager needs it`,
  );
}

/** As systemd-escape(1): an id may contain `+`, a unit's name may not. */
function escapeName(id: string): string {
  return id.replaceAll("+", "\\x2b");
}

/**
 * The path of a slice: `a-b.slice` is `/a.slice/a-b.slice`, and `-.slice` the root, an empty text.
 * @throws {SpecError}
 */
export function expandSlice(slice: string): string {
  if (slice === "-.slice") return "";
  const name = slice.slice(0, -".slice".length);
  const parts = name.split("-");
  if (!slice.endsWith(".slice") || parts.includes("") || !/^[\w:.@\\-]+$/.test(name)) {
    throw new SpecError(FIELD, `"${slice}" is not the name of a slice`);
  }
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("-")}.slice`).join("");
}
