/** Writes limits to a container's cgroup. resources.ts chooses them, undo.ts undoes them. */
import { errnoOf, HostError } from "../common/errors.ts";
import { EINVAL, ENOENT } from "../common/errno.ts";
import { CgroupWriteError } from "./errors.ts";
import type { CgroupDirectory, CgroupRecord } from "./path.ts";
import type { ResourceWrite } from "./resource_write.ts";
import { explainRefusal } from "./write_refusal.ts";

/** One write to one file. */
export interface FileWrite {
  /** Absolute path of the cgroup's directory. */
  readonly directory: string;
  readonly file: string;
  readonly value: string;
}

/**
 * Writes values to the container's cgroup, in order; coupled ones as the kernel accepts them. A pids limit may have to wait
 * until Init is alone in it: before, the Intermediate counts too, and with a limit of 1 it cannot clone.
 * @param before called before each write.
 * @throws {CgroupWriteError}
 */
export function applyWrites(
  record: CgroupRecord,
  writes: readonly ResourceWrite[],
  before: (write: FileWrite) => void = () => {},
): void {
  let waiting: { write: ResourceWrite; error: CgroupWriteError }[] = [];
  const attempt = (write: ResourceWrite) => {
    const error = writeOrError(directoryFor(record, write).path, write, before);
    if (!error) return true;
    if (!write.coupled || error.errno !== EINVAL) throw error;
    waiting.push({ write, error });
    return false;
  };
  for (const write of writes) {
    if (!attempt(write) || !write.coupled) continue;
    const again = waiting;
    waiting = [];
    for (const { write } of again) attempt(write);
  }
  if (waiting.length > 0) throw waiting[0]!.error;
}

/** A controller that is bound to a v1 hierarchy is there; every other one can only be in v2. */
export function directoryFor(
  record: CgroupRecord,
  { controller, from }: Pick<ResourceWrite, "controller" | "from">,
): CgroupDirectory {
  const { directories } = record;
  const found = directories.find((d) => d.controllers.includes(controller)) ??
    directories.find((d) => d.version === 2);
  if (found) return found;
  throw new HostError(
    `${from}: the container's cgroup has no controller ${controller}`,
    "mount it, or remove the limit",
  );
}

function writeOrError(
  directory: string,
  write: ResourceWrite,
  before: (write: FileWrite) => void,
): CgroupWriteError | undefined {
  const first = tryWrite({ directory, file: write.file, value: write.value }, before);
  if (first === undefined) return undefined;
  const missing = errnoOf(first) === ENOENT;
  if (missing && write.optional) return undefined;
  const second = missing && write.or ? tryWrite({ directory, ...write.or }, before) : first;
  if (second === undefined) return undefined;
  // If neither file exists, the error names the first.
  const { file, value } = second === first || errnoOf(second) === ENOENT ? write : write.or!;
  const reason = explainRefusal({ directory, file }, errnoOf(second));
  return new CgroupWriteError(write.from, `${directory}/${file}`, value, second, reason);
}

/** The error of the write; undefined when it succeeded. */
function tryWrite(write: FileWrite, before: (write: FileWrite) => void): unknown {
  try {
    before(write);
    writeCgroupFile(write);
    return undefined;
  } catch (error) {
    return error;
  }
}

export function writeCgroupFile({ directory, file, value }: FileWrite): void {
  Deno.writeTextFileSync(`${directory}/${file}`, value, { create: false });
}
