/**
 * Applies a container's egress rules: attaches the programs of egress_program.ts to its v2 cgroup before it has processes,
 * and reads what they have refused. The kernel keeps programs and map as long as the cgroup exists.
 */
import { bpf, BpfAttributes } from "../../../ffi/bpf.ts";
import { closeFd, openFolder } from "../../../ffi/descriptors.ts";
import { checked } from "../../../ffi/shim_call.ts";
import { ENOENT, EPERM } from "../../common/errno.ts";
import { HostError, SyscallError } from "../../common/errors.ts";
import { findProgram, mapOfProgram, setProgram } from "../bpf_program.ts";
import type { CgroupRecord } from "../path.ts";
import { EGRESS_KINDS } from "./egress_kinds.ts";
import { egressPrograms, REFUSAL } from "./egress_program.ts";
import type { EgressRules } from "./egress_rules.ts";
import { type Refusal, refusalOf } from "./refusal.ts";

// linux/bpf.h
const MAP_CREATE = 0;
const MAP_LOOKUP_ELEM = 1;
const MAP_UPDATE_ELEM = 2;
const MAP_GET_NEXT_KEY = 4;
const MAP_TYPE_HASH = 1;

/** Maximum of counted destinations; further refusals are counted under a key of zeros. */
const MOST_REFUSALS = 256;

/**
 * The maps that this process has created, by cgroup: a scope of systemd disappears with its last process, and the refusals
 * could otherwise not be read at the end of `run`.
 */
const HELD = new Map<string, number>();

/**
 * @param lists each must allow a connection.
 * @throws {HostError} if the kernel or the cgroup does not accept programs.
 */
export function attachEgress(record: CgroupRecord, lists: readonly EgressRules[]): void {
  const [path, from] = [v2Path(record), lists.map(({ from }) => from).join(" and ")];
  if (path === undefined) throw new Error("no cgroup v2");
  const folder = openFolder(path);
  try {
    const map = createMap();
    try {
      for (const { kind, code } of egressPrograms(lists)) setProgram(folder, kind, code(map));
    } catch (error) {
      closeFd(map);
      throw error;
    }
    closeHeld(path);
    HELD.set(path, map);
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const remedy = cause.errno === EPERM ? RIGHTS : KERNEL;
    throw new HostError(`${from}: the rules of ${path}: ${cause.message}`, remedy, { cause });
  } finally {
    closeFd(folder);
  }
}

const RIGHTS =
  "run kago with CAP_SYS_ADMIN and CAP_NET_ADMIN in the host's user namespace, below cgroups whose programs allow others";
const KERNEL = "a kernel with CONFIG_CGROUP_BPF is needed";

function closeHeld(path: string): void {
  const map = HELD.get(path);
  if (map !== undefined) closeFd(map);
  HELD.delete(path);
}

function v2Path({ directories }: CgroupRecord): string | undefined {
  return directories.find(({ version }) => version === 2)?.path;
}

function createMap(): number {
  const { keySize, valueSize } = REFUSAL;
  const attributes = [MAP_TYPE_HASH, keySize, valueSize, MOST_REFUSALS + 1];
  const map = checked(bpf(MAP_CREATE, new BpfAttributes(attributes)), "BPF_MAP_CREATE");
  const first = onMap(map, new Uint8Array(keySize));
  checked(bpf(MAP_UPDATE_ELEM, first), "BPF_MAP_UPDATE_ELEM");
  return map;
}

/** The attributes for an operation on one key, with space for a value, or another key, of at most the key's size. */
function onMap(map: number, key: Uint8Array): BpfAttributes {
  const attributes = new BpfAttributes([map], 2 * REFUSAL.keySize);
  attributes.data.set(key);
  attributes.setAddress(8, 0);
  attributes.setAddress(16, REFUSAL.keySize);
  return attributes;
}

/**
 * The refusals since the container was created, the most frequent first; undefined when its cgroup has no such programs, or
 * is gone.
 * @throws {SyscallError}
 */
export function readRefusals(record: CgroupRecord): Refusal[] | undefined {
  const path = v2Path(record);
  const map = path === undefined ? undefined : HELD.get(path) ?? openMap(path);
  if (path === undefined || map === undefined) return undefined;
  HELD.delete(path);
  try {
    return [...entriesOf(map)].flatMap(([key, count]) => {
      return count > 0 ? [refusalOf(key, count)] : [];
    }).sort((a, b) => b.count - a.count);
  } finally {
    closeFd(map);
  }
}

function openMap(path: string): number | undefined {
  let folder = -1;
  try {
    folder = openFolder(path);
    const program = findProgram(folder, EGRESS_KINDS.socket);
    if (program < 0) return undefined;
    try {
      return mapOfProgram(program);
    } finally {
      closeFd(program);
    }
  } catch (error) {
    if (error instanceof SyscallError && error.errno === ENOENT) return undefined;
    throw error;
  } finally {
    if (folder >= 0) closeFd(folder);
  }
}

/** Keys may be added while they are read; the number of reads is limited to the size of the map. */
function* entriesOf(map: number): Generator<[key: Uint8Array<ArrayBuffer>, count: number]> {
  const { keySize } = REFUSAL;
  let attributes = onMap(map, new Uint8Array(keySize));
  // Without a key, the first one is returned.
  attributes.clearAddress(8);
  for (let left = MOST_REFUSALS + 1; left > 0; left--) {
    if (bpf(MAP_GET_NEXT_KEY, attributes) < 0) return;
    const key = attributes.data.slice(keySize);
    const lookup = onMap(map, key);
    if (bpf(MAP_LOOKUP_ELEM, lookup) === 0) {
      const { buffer, byteOffset } = lookup.data;
      yield [key, Number(new DataView(buffer, byteOffset).getBigUint64(keySize, true))];
    }
    attributes = onMap(map, key);
  }
}
