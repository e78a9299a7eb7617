/**
 * The file at a path can be exchanged between check and use. So every check by path is listed with the reason why
 * nothing depends on it; all other code opens first, and checks the descriptor. Paths below /proc/self/fd do not count.
 */
import { type Call, calls, type Finding, isC, lineOf, type Lint, type Source } from "./source.ts";

const LOOKS = {
  ts: /Deno\.(?:l?stat|realPath|readLink)(?:Sync)?/,
  c: /(?:l|)stat|fstatat|statx|access|faccessat2?|realpath|readlink(?:at)?|canonicalize_file_name/,
};

/** Functions that open, change or execute a file by its path. */
const USES = {
  ts:
    /Deno\.(?:open|readTextFile|readFile|readDir|writeTextFile|writeFile|remove|rename|chmod|chown|dlopen|copyFile|symlink|truncate|mkdir)(?:Sync)?/,
  c: /open|openat|openat2|sys_openat2|fopen|creat|mount|umount2?|u?chmod|fchmodat|l?chown|fchownat|unlink(?:at)?|rename(?:at2?)?|chdir|execve|dlopen|mkdirat|mknodat/,
};

/** Calls whose arguments are the folder, then the name. */
const NAMED_AT = /^(?!l?stat$|creat$)\w*at2?$|^statx$/;

/** The expression of the path, with its folder. */
function pathOf({ name, args }: Call): string {
  return NAMED_AT.test(name) ? `${args[0]}, ${args[1]}` : args[0] ?? "";
}

/** The path of a descriptor, or an empty name. */
const DESCRIPTOR = /^["`]\/proc\/self\/fd\/(?:\$\{\w+\}|%d)?["`]$|, ""$/;

function find(source: Source): Finding[] {
  const language = isC(source) ? "c" : "ts";
  const uses = calls(source, USES[language]);
  return calls(source, LOOKS[language]).filter((look) => !DESCRIPTOR.test(pathOf(look)))
    .map((look) => ({
      file: source.file,
      line: lineOf(source.text, look.offset),
      place: look.place,
      why: describe(look, uses.find((use) => isUseOf(use, look))),
    }));
}

function isUseOf(use: Call, look: Call): boolean {
  return use.place === look.place && use.offset > look.offset && pathOf(use) === pathOf(look);
}

function describe(look: Call, use: Call | undefined): string {
  const path = pathOf(look);
  const looks = `looks at ${path} by ${look.name}()`;
  return use
    ? `${looks} and then uses the same path by ${use.name}(): open it once, and look at the descriptor`
    : `${looks}, whose answer goes elsewhere: open it, look at the descriptor, and hand that on`;
}

const LISTED = "Only whether to look for another, and what is used is found anew.";

export const PATH_CHECK: Lint = {
  name: "path after check",
  find,
  exceptions: [
    // The kernel's own files, and the host's administrator's.
    {
      file: "runtime/doctor/containers.ts",
      place: "isWritable",
      reason: "What `doctor` says of a cgroup, and nothing is made there.",
    },
    {
      file: "runtime/spec/checks/host_checks.ts",
      place: "isSelinuxEnabled",
      reason: "A file of selinuxfs, which tells whether there is one.",
    },
    {
      file: "runtime/spec/checks/host_checks.ts",
      place: "isSameFile",
      reason: "A warning of a mistake; who can exchange the namespace's file may name the other.",
    },
    {
      file: "runtime/config/load.ts",
      place: "readConfig",
      reason: "The caller's own file, and its size guards against a mistake only.",
    },
    {
      file: "runtime/tenant/facts.ts",
      place: "link",
      reason: "A link of procfs, of a process that a pidfd holds.",
    },
    {
      file: "runtime/criu/container_facts.ts",
      reason: "Links of procfs, of a process that a pidfd holds, and of descriptors.",
    },
    {
      file: "ffi/code_cache.ts",
      place: "sizeOf",
      reason: "Files of a folder that is root's alone, as the entry stub has seen.",
    },
    { file: "runtime/common/files.ts", place: "statOf", reason: LISTED },
    {
      file: "runtime/stages/path_finding.ts",
      place: "whatIsAt",
      reason: "For the words about what has failed.",
    },
    {
      file: "runtime/build/egress_mounts.ts",
      place: "identityAt",
      reason: "Who can exchange what is bound can have any file of the host's bound.",
    },
    { file: "runtime/find_program.ts", place: "isExecutable", reason: "As execvp(3) does it." },
    {
      file: "runtime/seccomp/cache_folder.ts",
      reason: "The folder is root's alone, and what is opened is compared with what was seen.",
    },
    { file: "runtime/cgroup/files.ts", place: "exists", reason: "A file of cgroupfs." },
    { file: "runtime/cgroup/access.ts", place: "isOwn", reason: "A folder of cgroupfs." },
    {
      file: "runtime/cgroup/drivers/systemd_manager.ts",
      reason: "Whether systemd runs, as sd_booted(3) does it.",
    },
    {
      file: "runtime/state/store.ts",
      reason: "A folder of the state root, which is the caller's alone, and is locked.",
    },
    {
      file: "runtime/state/lock.ts",
      place: "isStillThere",
      reason: "Whether the name is still that of the file that is open and locked.",
    },
    {
      file: "executors/libkrun/settings/vm_file.ts",
      place: "readText",
      reason: "The path is that of a descriptor.",
    },
    { file: "executors/libkrun/host_checks.ts", reason: "Whether the host has a device." },
    {
      file: "ffi/libseccomp.ts",
      place: "libseccompIdentity",
      reason: "A file of the host's, whose time of change is the answer.",
    },
    {
      file: "helper-c/stage/mounts/copy_up.c",
      reason: "Opens what it copies without following links; a kind that changed is an error.",
    },
    {
      file: "helper-c/stage/op_device.c",
      place: "op_mknod",
      reason: "The node is only looked at; nothing opens it afterwards.",
    },
    {
      file: "helper-c/stage/op_exec.c",
      place: "executable",
      reason: "As execvp(3) does it, in the container: execve(2) has the last word.",
    },
    {
      file: "helper-c/stage/op_identity.c",
      place: "open_passwd",
      reason: "Keeps a FIFO from being opened, and what was opened is looked at again.",
    },
    {
      file: "helper-c/common/root_path.c",
      reason: "A step of a walk by descriptors, which follows a link by reading it.",
    },
  ],
};
