/** Checks of `mounts` (runtime spec, config.md, "Mounts"). What an option does is the plan's. */
import { SpecError } from "../../errors.ts";
import { findNamespace } from "../namespaces.ts";
import type { Mount, Spec } from "../spec.ts";
import type { Check, Warn } from "./check.ts";
import { requireSoundMappings } from "./id_mappings.ts";

export const MOUNT_CHECKS: readonly Check<Spec>[] = [
  ({ mounts }, warn) =>
    mounts?.forEach((mount, index) => {
      destinationIsAbsolute(mount, index, warn);
      typeIsThere(mount, index);
      bindHasSource(mount, index);
      optionsDoNotContradict(mount, index, warn);
      mappingsAreComplete(mount, index);
    }),
  idmapHasMappings,
];

/** Spec 1.0 allowed relative ones; all runtimes take them as below the root. */
function destinationIsAbsolute({ destination }: Mount, index: number, warn: Warn): void {
  if (destination.startsWith("/")) return;
  const place = `mounts[${index}].destination`;
  if (destination === "") throw new SpecError(place, "is empty, must be a path in the container");
  warn(place, `${JSON.stringify(destination)} is relative, taken as "/${destination}"`);
}

const WITHOUT_TYPE: ReadonlySet<string> = new Set(["bind", "rbind", "remount"]);

function typeIsThere({ type, options }: Mount, index: number): void {
  if (type || options?.some((option) => WITHOUT_TYPE.has(option))) return;
  throw new SpecError(
    `mounts[${index}].type`,
    "is required: a filesystem type, unless options has bind, rbind or remount",
  );
}

function bindHasSource({ type, source, options }: Mount, index: number): void {
  if (source || options?.includes("remount")) return;
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

/** mount(8) lets the last one win, and so do the runtimes. */
function optionsDoNotContradict({ options }: Mount, index: number, warn: Warn): void {
  options?.forEach((option, position) => {
    const opposite = Object.hasOwn(OPPOSITE, option) ? OPPOSITE[option]! : undefined;
    if (opposite === undefined || !options.includes(opposite)) return;
    const last = options.lastIndexOf(opposite) > position ? opposite : option;
    warn(
      `mounts[${index}].options`,
      `${option} and ${opposite} contradict each other, ${last} wins`,
    );
  });
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

/** mount_setattr(2): a mount is idmapped by a user namespace, its own or the container's. */
function idmapHasMappings(spec: Spec): void {
  if (findNamespace(spec, "user")) return;
  spec.mounts?.forEach(({ options, uidMappings }, index) => {
    if (uidMappings?.length) return;
    const option = options?.find((name) => name === "idmap" || name === "ridmap");
    if (!option) return;
    throw new SpecError(
      `mounts[${index}].options`,
      `${option} needs uidMappings and gidMappings, or a user namespace`,
    );
  });
}
