/**
 * `linux.intelRdt`: chooses the resctrl group that a container joins, creates it, and writes its schemata. All paths
 * are below `root`, the mount point of resctrl; mount.ts finds it, record.ts removes the group.
 */
import { describeErrno, errnoOf, SpecError } from "../common/errors.ts";
import { isFolder } from "../common/files.ts";
import type { Op } from "../plan/op.ts";
import type { IntelRdt } from "../spec/spec.ts";
import type { ResctrlRecord } from "./record.ts";
import { hasSchema } from "./schemata.ts";
import { given } from "../common/given.ts";

const PLACE = "linux.intelRdt";

/** A line for the group's `schemata`. */
interface SchemaLine {
  readonly from: string;
  readonly line: string;
}

export interface ResctrlBuild {
  readonly record: ResctrlRecord;
  /** Writes by which the single-threaded Intermediate joins. */
  readonly joinOps: readonly Op[];
  /** Creates what is missing and writes the schemata; returns the undo function. A failure leaves nothing behind. */
  create(): () => void;
}

/**
 * Decides about the group, without side effects.
 * @throws {SpecError} for what this host or its groups do not have.
 */
export function planResctrl(root: string, id: string, intelRdt: IntelRdt): ResctrlBuild {
  const { closID, enableMonitoring } = intelRdt;
  const group = closID === "/" ? root : `${root}/${closID || id}`;
  const lines = schemaLines(intelRdt);
  const exists = isFolder(group);
  requireResources(root, lines);
  if (closID) checkGiven(group, exists, lines);
  if (enableMonitoring && !isFolder(`${root}/mon_groups`)) {
    throw new SpecError(
      `${PLACE}.enableMonitoring`,
      "this host's resctrl does not support monitoring",
    );
  }
  const monitor = enableMonitoring ? `${group}/mon_groups/${id}` : undefined;
  const record: ResctrlRecord = {
    group,
    ...given({ monitor }),
    own: !closID && !exists,
    ...(closID && !exists ? { made: true } : {}),
  };
  return {
    record,
    joinOps: resctrlJoin(record),
    // The lines of a group that existed before have been compared and are not written.
    create: () => createGroup(root, record, closID && exists ? [] : lines, !exists),
  };
}

/** Writes by which a single-threaded process joins. */
export function resctrlJoin({ group, monitor }: ResctrlRecord): readonly Op[] {
  return [group, ...(monitor ? [monitor] : [])].map((folder) => (
    { op: "writeFile", path: `${folder}/tasks`, data: "0", from: PLACE }
  ));
}

/**
 * Writes other values to the group that was created for a container.
 * @returns a function that restores the old values.
 * @throws {SpecError} for what this host's resctrl does not have or refuses; the old values are restored.
 */
export function updateResctrl({ group }: ResctrlRecord, intelRdt: IntelRdt): () => void {
  const root = group.slice(0, group.lastIndexOf("/"));
  const lines = schemaLines(intelRdt);
  const path = `${group}/schemata`;
  requireResources(root, lines);
  const before = Deno.readTextFileSync(path);
  const restore = () => Deno.writeTextFileSync(path, before, { create: false });
  try {
    for (const { from, line } of lines) writeLine(root, path, line, from);
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}

/** In the order that the spec requires. */
function schemaLines({ l3CacheSchema, memBwSchema, schemata = [] }: IntelRdt): SchemaLine[] {
  return [
    ...(l3CacheSchema ? [{ from: `${PLACE}.l3CacheSchema`, line: l3CacheSchema }] : []),
    ...(memBwSchema ? [{ from: `${PLACE}.memBwSchema`, line: memBwSchema }] : []),
    ...schemata.map((line, index) => ({ from: `${PLACE}.schemata[${index}]`, line })),
  ];
}

/** Each resource of the kernel and the processor has a folder in `info`. */
function requireResources(root: string, lines: readonly SchemaLine[]): void {
  for (const { from, line } of lines) {
    const resource = line.slice(0, line.indexOf(":")).trim();
    if (/^\w+$/.test(resource) && isFolder(`${root}/info/${resource}`)) continue;
    throw new SpecError(from, `this host's resctrl has no ${resource || JSON.stringify(line)}`);
  }
}

function checkGiven(group: string, exists: boolean, lines: readonly SchemaLine[]): void {
  if (!exists && lines.length === 0) {
    throw new SpecError(
      `${PLACE}.closID`,
      `the group ${group} does not exist: create it first, or describe it with schemata`,
    );
  }
  if (!exists || lines.length === 0) return;
  const text = Deno.readTextFileSync(`${group}/schemata`);
  for (const { from, line } of lines) {
    if (hasSchema(text, line)) continue;
    throw new SpecError(from, `the group ${group} exists and has other values`);
  }
}

function createGroup(
  root: string,
  { group, monitor }: ResctrlRecord,
  lines: readonly SchemaLine[],
  make: boolean,
): () => void {
  const made: string[] = [];
  const undo = () => made.toReversed().forEach((path) => Deno.removeSync(path));
  try {
    if (make) made.push(makeFolder(root, group, PLACE));
    for (const { from, line } of lines) writeLine(root, `${group}/schemata`, line, from);
    if (monitor) made.push(makeFolder(root, monitor, `${PLACE}.enableMonitoring`));
    return undo;
  } catch (error) {
    undo();
    throw error;
  }
}

function makeFolder(root: string, path: string, from: string): string {
  try {
    Deno.mkdirSync(path, { mode: 0o755 });
    return path;
  } catch (cause) {
    throw refusal(root, from, `mkdir ${path}`, cause);
  }
}

function writeLine(root: string, path: string, line: string, from: string): void {
  try {
    Deno.writeTextFileSync(path, `${line}\n`, { create: false });
  } catch (cause) {
    throw refusal(root, from, `write ${JSON.stringify(line)} to ${path}`, cause);
  }
}

/** resctrl writes the reason of a failure to a file. */
function refusal(root: string, from: string, operation: string, cause: unknown): SpecError {
  let status = "";
  try {
    status = Deno.readTextFileSync(`${root}/info/last_cmd_status`).trim();
  } catch {
    // Kernels before 4.14 have no such file, and the errno also gives a reason.
  }
  const why = describeErrno(errnoOf(cause));
  const more = status && status !== "ok" ? ` (${status})` : "";
  return new SpecError(from, `${operation}: ${why}${more}`, { cause });
}
