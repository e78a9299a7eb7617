/** Checks of `mounts` (runtime spec, config.md, "Mounts"). The plan implements the options. */
import { SpecError } from "../../common/errors.ts";
import { quoted } from "../../common/quoted.ts";
import { findNamespace } from "../namespaces.ts";
import type { Mount, Spec } from "../spec.ts";
import type { Check, Warn } from "./check.ts";
import { requireSoundMappings } from "./id_mappings.ts";

export const MOUNT_CHECKS: readonly Check<Spec>[] = [
  eachMountIsSound,
  idmapHasMappings,
];

function eachMountIsSound({ mounts = [] }: Spec, warn: Warn): void {
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index]!;
    if (!mount.destination.startsWith("/")) destinationIsRelative(mount, index, warn);
    if (!mount.type) optionsDoWithoutType(mount, index);
    if (!mount.source) needsNoSource(mount, index);
    if (mount.options?.length) optionsDoNotContradict(mount, index, warn);
    if (mount.uidMappings || mount.gidMappings) mappingsAreComplete(mount, index);
  }
}

/** Spec 1.0 allowed relative destinations; all runtimes take them as relative to the root. */
function destinationIsRelative({ destination }: Mount, index: number, warn: Warn): void {
  const place = `mounts[${index}].destination`;
  if (destination === "") throw new SpecError(place, "is empty, must be a path in the container");
  warn(place, `${quoted(destination)} is relative and is taken as "/${destination}"`);
}

const WITHOUT_TYPE: ReadonlySet<string> = new Set(["bind", "rbind", "remount"]);

function optionsDoWithoutType({ options }: Mount, index: number): void {
  if (options?.some((option) => WITHOUT_TYPE.has(option))) return;
  throw new SpecError(
    `mounts[${index}].type`,
    "is required: a filesystem type, unless options has bind, rbind or remount",
  );
}

function needsNoSource({ type, options }: Mount, index: number): void {
  if (options?.includes("remount")) return;
  if (type !== "bind" && !options?.includes("bind") && !options?.includes("rbind")) return;
  throw new SpecError(
    `mounts[${index}].source`,
    "is required for a bind mount: a path of the host",
  );
}

const OPPOSITE: Readonly<Record<string, string>> = {
  ro: "rw",
  nosuid: "suid",
  nodev: "dev",
  noexec: "exec",
  idmap: "ridmap",
};

/** The last one wins, as in mount(8) and the other runtimes. */
function optionsDoNotContradict({ options = [] }: Mount, index: number, warn: Warn): void {
  for (let position = 0; position < options.length; position++) {
    const option = options[position]!;
    const opposite = Object.hasOwn(OPPOSITE, option) ? OPPOSITE[option]! : undefined;
    if (opposite === undefined || !options.includes(opposite)) continue;
    const last = options.lastIndexOf(opposite) > position ? opposite : option;
    warn(
      `mounts[${index}].options`,
      `${option} and ${opposite} contradict each other; ${last} applies`,
    );
  }
}

function mappingsAreComplete({ uidMappings, gidMappings }: Mount, index: number): void {
  if (!uidMappings?.length && !gidMappings?.length) return;
  for (const [field, mappings] of Object.entries({ uidMappings, gidMappings })) {
    const place = `mounts[${index}].${field}`;
    if (!mappings?.length) {
      throw new SpecError(place, "is required: a mount maps both uids and gids");
    }
    requireSoundMappings(place, mappings);
  }
}

/** mount_setattr(2): a mount is idmapped by a user namespace, a new one or the container's. */
function idmapHasMappings(spec: Spec): void {
  const { mounts = [] } = spec;
  for (let index = 0; index < mounts.length; index++) {
    const { options = [], uidMappings } = mounts[index]!;
    if (!options.includes("idmap") && !options.includes("ridmap")) continue;
    if (uidMappings?.length || findNamespace(spec, "user")) continue;
    const option = options.find((name) => name === "idmap" || name === "ridmap");
    throw new SpecError(
      `mounts[${index}].options`,
      `${option} needs uidMappings and gidMappings, or a user namespace`,
    );
  }
}
