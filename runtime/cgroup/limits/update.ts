/**
 * Changes the limits of a live container's cgroup: all of them, or none. Each file is read before it is written, and when a
 * write fails, the earlier ones are undone in reverse order.
 */
import { errnoOf, HostError } from "../../common/errors.ts";
import type { Resources } from "../../spec/spec.ts";
import { applyWrites, directoryFor, type FileWrite, writeCgroupFile } from "../apply.ts";
import { enableControllers } from "./controllers.ts";
import { attachDeviceProgram } from "../devices/device_filter.ts";
import { deviceProgram } from "../devices/device_program.ts";
import { replaceDeviceRules } from "../devices/device_update.ts";
import { ENOENT } from "../../common/errno.ts";
import { exists } from "../files.ts";
import type { CgroupRecord } from "../path.ts";
import {
  type Present,
  RESOURCES_PATH,
  type ResourceWrite,
  type ValueWrite,
} from "../resource_write.ts";
import { isV1, limitWrites } from "./resources.ts";
import { undoValues } from "./undo.ts";
import { ifThere } from "../../common/files.ts";
import { undoAll } from "../../common/undo.ts";

type Announce = (writes: readonly ValueWrite[]) => void;

/**
 * @param announce called before values are written, also before old ones are restored: a manager that stores them itself
 * must know them.
 * @throws {SpecError | HostError} before anything is changed, for limits that are not supported.
 * @throws {CgroupWriteError} for a value that the kernel refuses; the old ones are restored.
 */
export function updateCgroup(
  record: CgroupRecord,
  resources: Resources,
  announce?: Announce,
): void {
  const controllers = { hierarchies: record.directories };
  const writes = limitWrites(controllers, resources, presentOf(record));
  checkUsage(record, resources);
  const unified = record.directories.find(({ version }) => version === 2);
  const inV2 = writes.filter((write) => directoryFor(record, write) === unified);
  // The controllers stay enabled: without limits they change nothing.
  if (unified) enableControllers(record, unified, inV2);
  // The snapshot comes first: a manager writes announced values at once.
  const undo = announce ? snapshot(record, writes) : [];
  announce?.(writes);
  try {
    applyWrites(record, writes, (write) => undo.push(...undoOf(write)));
    if (resources.devices) replaceDevices(record, resources.devices);
  } catch (error) {
    throw takeBack(undo, error, announce);
  }
}

/** A v2 cgroup without the controller has none of its limits. */
function presentOf(record: CgroupRecord): Present {
  return (controller, file) => {
    const { path } = directoryFor(record, { controller, from: RESOURCES_PATH });
    return ifThere(() => Deno.readTextFileSync(`${path}/${file}`));
  };
}

/** After all limits: on v2 it is one step, and on v1 it undoes its own writes. */
function replaceDevices(record: CgroupRecord, rules: NonNullable<Resources["devices"]>): void {
  if (isV1({ hierarchies: record.directories }, "devices")) replaceDeviceRules(record, rules);
  else attachDeviceProgram(record, deviceProgram(rules));
}

/** v1 refuses such a limit by itself, v2 kills processes for it. */
function checkUsage(record: CgroupRecord, { memory }: Resources): void {
  const { limit, checkBeforeUpdate } = memory ?? {};
  if (!checkBeforeUpdate || !limit || limit < 0) return;
  if (isV1({ hierarchies: record.directories }, "memory")) return;
  const { path } = directoryFor(record, { controller: "memory", from: `${RESOURCES_PATH}.memory` });
  const usage = ifThere(() => Deno.readTextFileSync(`${path}/memory.current`))?.trim();
  if (usage === undefined || BigInt(usage) <= limit) return;
  throw new HostError(
    `${RESOURCES_PATH}.memory.limit: ${limit} is below the ${usage} bytes that the container uses`,
    "set a higher limit, or leave checkBeforeUpdate out to have processes killed",
  );
}

interface UndoWrite extends FileWrite {
  /** Written when the kernel refuses to restore `value`. */
  readonly otherwise?: string;
}

/** The writes that undo all of these; a missing file needs none. */
function snapshot(record: CgroupRecord, writes: readonly ResourceWrite[]): UndoWrite[] {
  return writes.flatMap((write) => {
    const directory = directoryFor(record, write).path;
    if (!exists(`${directory}/${write.file}`)) return [];
    return undoOf({ directory, file: write.file, value: write.value });
  });
}

/** The writes that undo this one, to be made in reverse. */
function undoOf({ directory, file, value }: FileWrite): UndoWrite[] {
  const read = (name: string) => Deno.readTextFileSync(`${directory}/${name}`);
  let before: string;
  try {
    before = read(file);
  } catch (error) {
    if (errnoOf(error) === ENOENT) throw error;
    // A file that can only be written, such as memory.reclaim.
    return [];
  }
  const undo = undoValues(file, before, value).map((value): UndoWrite => ({
    directory,
    file,
    value,
  }));
  // Once it has its own list, a v2 cgroup with processes cannot have an empty one again: the effective CPUs are used.
  if (/^cpuset\.(cpus|mems)$/.test(file) && before.trim() === "") {
    return undo.map((write) => ({ ...write, otherwise: read(`${file}.effective`).trim() }));
  }
  if (file !== "cpu.idle" || before.trim() !== "0") return undo;
  // The kernel resets the weight of a cgroup that stops being idle to the default.
  for (const weight of ["cpu.weight", "cpu.shares"]) {
    const value = ifThere(() => Deno.readTextFileSync(`${directory}/${weight}`))?.trim();
    if (value !== undefined) undo.unshift({ directory, file: weight, value });
  }
  return undo;
}

/** @returns the error, which also names the values that could not be restored. */
function takeBack(undo: readonly UndoWrite[], error: unknown, announce?: Announce): unknown {
  const files: string[] = [];
  const steps = undo.map((write) => () => {
    files.push(`${write.directory}/${write.file}`);
    restore(write);
    files.pop();
  });
  const announceUndo = () =>
    announce?.(
      undo.toReversed().map(({ file, value }) => (
        { controller: file.slice(0, file.indexOf(".")), file, value }
      )),
    );
  const cause = undoAll([...steps, announceUndo], error);
  if (files.length > 0 && cause instanceof Error) {
    cause.message += `; the old value of ${files.join(", ")} could not be restored`;
  }
  return cause;
}

function restore({ otherwise, ...write }: UndoWrite): void {
  try {
    writeCgroupFile(write);
  } catch (error) {
    if (otherwise === undefined) throw error;
    writeCgroupFile({ ...write, value: otherwise });
  }
}
