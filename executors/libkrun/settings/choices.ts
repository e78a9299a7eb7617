/**
 * Chooses the settings of a microVM that have several sources: the first source that has a value wins, in the order
 * annotation, image's `.krun_vm.json`, administrator's file, kago. Pure.
 */
import type { Defaults, Given, NETWORKS } from "../../../runtime/administrator_file.ts";
import { MAX_CPUS, MAX_RAM_MIB, MIN_RAM_MIB } from "../../../runtime/microvm_bounds.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";
import type { AnnotationName } from "./annotation_table.ts";
import {
  flagAnnotation,
  integerAnnotation,
  listAnnotation,
  textAnnotation,
} from "./annotations.ts";
import { cpusWithin, ramMibWithin, WITHOUT_LIMIT_RAM_MIB } from "./defaults.ts";
import { VM_FILE, type VmFile } from "./vm_file.ts";

export interface Choices {
  readonly cpus: Given<number>;
  readonly ramMib: Given<number>;
  readonly logLevel: Given<number>;
  readonly network: Given<(typeof NETWORKS)[number] | "tap">;
  /** Items as defined in annotation_table.ts. */
  readonly disks: Given<readonly string[]>;
  /** Bytes; undefined for none. */
  readonly daxWindow: Given<number | undefined>;
}

/** The source of a value that nobody has set. */
export const KAGO = "default";
const LIMITS = "linux.resources";
/** The default log level of a microVM. */
export const ERRORS_ONLY = 1;

/**
 * @param processors returns the number of CPUs available to the caller; called if the number of vCPUs is not set.
 * @throws {SpecError} for a malformed annotation.
 */
export function chooseSettings(
  spec: Spec,
  vmFile: VmFile,
  defaults: Defaults = {},
  processors: () => number = () => 1,
): Choices {
  const resources = spec.linux?.resources ?? {};
  const ramMib = integerAnnotation(spec, "krun.ram_mib");
  const ramMaxMib = integerAnnotation(spec, "krun.ram_max_mib");
  return {
    cpus: annotated("krun.cpus", integerAnnotation(spec, "krun.cpus")) ??
      imaged("cpus", vmFile.cpus) ??
      cpusOf(defaults.cpus, cpusWithin(resources, MAX_CPUS), processors),
    ramMib: annotated("krun.ram_max_mib", ramMaxMib) ?? annotated("krun.ram_mib", ramMib) ??
      imaged("ram_mib", vmFile.ram_mib) ??
      limited(
        defaults.ramMib,
        WITHOUT_LIMIT_RAM_MIB,
        ramMibWithin(resources, MIN_RAM_MIB, MAX_RAM_MIB),
      ),
    logLevel: annotated("krun.log_level", integerAnnotation(spec, "krun.log_level")) ??
      defaults.logLevel ?? ownValue(ERRORS_ONLY),
    network: networkOf(spec) ?? defaults.network ?? ownValue("tsi"),
    disks: annotated("krun.disk", listAnnotation(spec, "krun.disk")) ?? defaults.disks ??
      ownValue([]),
    daxWindow: imaged("virtiofs_shm_size", vmFile.virtiofs_shm_size) ?? defaults.daxWindow ??
      ownValue(undefined),
  };
}

function cpusOf(
  given: Given<number> | undefined,
  room: number | undefined,
  processors: () => number,
): Given<number> {
  if (given) return limited(given, given.value, room);
  const own = Math.max(1, Math.min(MAX_CPUS, processors()));
  return room === undefined || own <= room ? ownValue(own) : { value: room, from: LIMITS };
}

/** The file's value, limited to the container's limits; without a value, the limits. */
function limited(
  given: Given<number> | undefined,
  without: number,
  room: number | undefined,
): Given<number> {
  if (given && (room === undefined || given.value <= room)) return given;
  return room === undefined ? ownValue(without) : { value: room, from: LIMITS };
}

/** settings.ts refuses a TAP interface together with passt. */
function networkOf(spec: Spec): Given<"tap" | "passt" | "tsi"> | undefined {
  if (textAnnotation(spec, "krun.tap_name") !== undefined) return annotated("krun.tap_name", "tap");
  const passt = flagAnnotation(spec, "krun.use_passt");
  return annotated("krun.use_passt", passt === undefined ? undefined : passt ? "passt" : "tsi");
}

function annotated<T>(name: AnnotationName, value: T | undefined): Given<T> | undefined {
  return value === undefined ? undefined : { value, from: `annotations["${name}"]` };
}

function imaged<T>(key: keyof VmFile, value: T | undefined): Given<T> | undefined {
  return value === undefined ? undefined : { value, from: `${VM_FILE}: ${key}` };
}

/** The default of kago. */
export function ownValue<T>(value: T): Given<T> {
  return { value, from: KAGO };
}
