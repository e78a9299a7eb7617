/** The kinds of a container's egress programs, by which they are found on its cgroup. */
import { closeFd, openFolder } from "../../../ffi/descriptors.ts";
import { SyscallError } from "../../common/errors.ts";
import { type ProgramKind, setProgram } from "../bpf_program.ts";

const NAME = "kago_egress";
/** linux/bpf.h: BPF_PROG_TYPE_CGROUP_SKB, _SOCK and _SOCK_ADDR, with their attach types. */
const kind = (type: number, attach: number): ProgramKind => (
  { type, attach, verifiedFor: true, name: NAME }
);

/** By the hook that each is attached to. */
export const EGRESS_KINDS = {
  packet: kind(8, 1),
  socket: kind(9, 2),
  connect4: kind(18, 10),
  connect6: kind(18, 11),
  sendmsg4: kind(18, 14),
  sendmsg6: kind(18, 15),
} as const;

/**
 * Detaches the programs of an earlier container from a v2 directory that is used again; programs of others stay. One that
 * cannot be detached stays: it can only refuse too much.
 */
export function detachEgress(path: string): void {
  const folder = openFolder(path);
  try {
    for (const kind of Object.values(EGRESS_KINDS)) setProgram(folder, kind, new Uint8Array());
  } catch (error) {
    // For example EINVAL of a kernel without CONFIG_CGROUP_BPF.
    if (!(error instanceof SyscallError)) throw error;
  } finally {
    closeFd(folder);
  }
}
