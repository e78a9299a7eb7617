/**
 * A file of an image or a container may have any size, or be a FIFO that never ends. Only files of the kernel, the host
 * or the caller are read whole; files that may come from below a root are read with a bound. So every reader without a
 * bound is listed with the owner of its file.
 */
import { type Call, calls, type Finding, isC, lineOf, type Lint, type Source } from "./source.ts";

const READERS = {
  ts: /Deno\.read(?:Text)?File(?:Sync)?/,
  c: /fopen|fdopen|freopen|fgets|getline|getdelim|fread|fscanf|f?get(?:pw|gr)ent(?:_r)?|get(?:pw|gr)(?:nam|uid|gid)(?:_r)?/,
};

/** The kernel's files: a page, or as many lines as there are items. */
const KERNELS = /^["`]\/(?:proc|sys)\/(?!self\/fd\/)/;

function find(source: Source): Finding[] {
  return calls(source, isC(source) ? READERS.c : READERS.ts)
    .filter(({ args }) => !KERNELS.test(args[0] ?? ""))
    .map((call) => ({
      file: source.file,
      line: lineOf(source.text, call.offset),
      place: call.place,
      why: describe(call),
    }));
}

function describe({ name, args }: Call): string {
  return `reads ${args[0]} by ${name}() without a bound: read up to a limit that is an error`;
}

const STATE = "A file of kago's own in the state root, which is the caller's alone.";
const CALLERS = "A file that the caller names on the command line.";
const GUESTS = "A file of the guest kernel's procfs.";

export const BOUNDED_READ: Lint = {
  name: "bounded reads",
  find,
  exceptions: [
    { file: "runtime/cgroup/", reason: "Files of cgroupfs." },
    { file: "runtime/resctrl/", reason: "Files of resctrl." },
    { file: "runtime/host_files.ts", reason: "Files of the host's, whose names are constants." },
    { file: "runtime/state/stored_config.ts", reason: STATE },
    { file: "runtime/state/store.ts", reason: STATE },
    { file: "runtime/state/owner.ts", reason: "The host's own /etc/passwd." },
    { file: "runtime/config/load.ts", place: "readConfig", reason: CALLERS },
    { file: "runtime/tenant/build.ts", place: "readProcessFile", reason: CALLERS },
    { file: "runtime/commands/update_resources.ts", place: "readFile", reason: CALLERS },
    { file: "runtime/criu/", reason: "Files of criu's in a folder that the caller names." },
    {
      file: "ffi/libkrun.ts",
      place: "hasInitInC",
      reason: "The library that has been loaded already.",
    },
    {
      file: "ffi/environment.ts",
      place: "environment",
      reason: "A memory file of the entry's, as long as what execve(2) allows.",
    },
    { file: "ffi/libseccomp.ts", reason: "A memory file that libseccomp has written." },
    { file: "helper-c/agent/", reason: GUESTS },
    {
      file: "helper-c/stage/mounts/old_mounts.c",
      place: "read_text",
      reason: "The kernel's mountinfo of this process.",
    },
    { file: "helper-c/vmm/passt.c", reason: "Lines of the kernel's routing table." },
  ],
};
