/** v2's device rules in force, on any host with a v2 hierarchy: the kernel runs the programs there too where v1 has the controllers. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { bpf, BpfAttributes } from "../../ffi/bpf.ts";
import { closeFd, openFolder } from "../../ffi/descriptors.ts";
import { attachDeviceProgram } from "../../runtime/cgroup/devices/device_filter.ts";
import { deviceProgram } from "../../runtime/cgroup/devices/device_program.ts";
import { createCgroup } from "../../runtime/cgroup/drivers/cgroupfs.ts";
import type { CgroupRecord } from "../../runtime/cgroup/path.ts";
import { EACCES } from "../../runtime/common/errno.ts";
import { SyscallError } from "../../runtime/common/errors.ts";
import type { DeviceCgroup } from "../../runtime/spec/spec.ts";
import { only, test } from "./cgroup_fixture.ts";

const DENY: DeviceCgroup = { allow: false, access: "rwm" };
const ZERO = "head -c 1 /dev/zero >/dev/null";
const KMSG = "exec 3</dev/kmsg";

/** The body gets the record's v2 half, made, with these rules. */
function testRules(
  name: string,
  rules: readonly DeviceCgroup[],
  body: (v2: CgroupRecord, path: string) => void,
): void {
  test(name, (record) => {
    const v2 = only(record, 2);
    const [unified] = v2.directories;
    if (!unified) return console.log("no v2 hierarchy here");
    createCgroup(v2, [], [], deviceProgram(rules));
    body(v2, unified.path);
  });
}

/** Does the script succeed in the cgroup? */
function works(path: string, script: string): boolean {
  const { success } = new Deno.Command("sh", {
    args: ["-c", `echo 0 > "$1/cgroup.procs" && { ${script}; }`, "sh", path],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return success;
}

testRules("a fresh v2 cgroup allows the default devices only", [DENY], (_, path) => {
  assertEquals([works(path, ZERO), works(path, KMSG)], [true, false]);
});

testRules(
  "rules allow single devices, accesses apart",
  [DENY, { allow: true, type: "c", major: 1, minor: 11, access: "r" }],
  (_, path) => {
    assertEquals([works(path, KMSG), works(path, "exec 3>/dev/kmsg")], [true, false]);
  },
);

testRules("rules that allow everything attach nothing", [{ allow: true }], (_, path) => {
  assertEquals(works(path, KMSG), true);
});

testRules(
  "new rules take the place of the old ones, and none take them away",
  [DENY],
  (v2, path) => {
    const kmsg: DeviceCgroup = { allow: true, type: "c", major: 1, minor: 11 };
    attachDeviceProgram(v2, deviceProgram([DENY, kmsg]));
    assertEquals(works(path, KMSG), true, "the old program would still deny it");
    attachDeviceProgram(v2, deviceProgram([DENY]));
    assertEquals(works(path, KMSG), false);
    attachDeviceProgram(v2, deviceProgram([{ allow: true }]));
    assertEquals(works(path, KMSG), true);
  },
);

testRules("a thousand rules are one program", [
  DENY,
  ...Array.from({ length: 1000 }, (_, minor): DeviceCgroup => ({
    allow: true,
    type: "c",
    major: 240,
    minor,
    access: "rw",
  })),
], (_, path) => {
  assertEquals([works(path, ZERO), works(path, KMSG)], [true, false]);
});

testRules("what the verifier refuses is told with its reason", [DENY], (v2) => {
  const loop = new Uint8Array([0x05, 0, 0xff, 0xff, 0, 0, 0, 0]);
  const error = assertThrows(
    () => attachDeviceProgram(v2, { code: loop, dispensable: false }),
    SyscallError,
  );
  assertEquals(error.errno, 22);
  assert(
    error.message.startsWith(
      `linux.resources.devices: device rules of ${v2.directories[0]!.path}: BPF_PROG_LOAD `,
    ),
    error.message,
  );
  assert(/insn|infinite|edge/.test(error.message), error.message);
});

testRules("a program that is refused leaves the one before in force", [DENY], (v2, path) => {
  const noResult = new Uint8Array([0x95, 0, 0, 0, 0, 0, 0, 0]);
  const error = assertThrows(
    () => attachDeviceProgram(v2, { code: noResult, dispensable: false }),
    SyscallError,
  );
  assertEquals(error.errno, EACCES);
  assertStringIncludes(error.operation, "BPF_PROG_LOAD ");
  assertStringIncludes(error.operation, "R0 !read_ok");
  assertEquals(error.operation.includes("\n"), false);
  assertEquals([works(path, ZERO), works(path, KMSG)], [true, false]);
});

testRules("where no rules are, there are none to take away", [{ allow: true }], (v2, path) => {
  attachDeviceProgram(v2, { code: new Uint8Array(), dispensable: false });
  assertEquals(works(path, KMSG), true);
});

/** Attaches a program of another's that allows nothing. */
function attachForeign(path: string): void {
  const code = [0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]; // r0 = 0; exit
  const load = new BpfAttributes([15, 2], 20);
  load.data.set(code);
  load.data.set(new TextEncoder().encode("GPL"), 16);
  load.setAddress(8, 0);
  load.setAddress(16, 16);
  load.bytes.set(new TextEncoder().encode("another"), 48);
  const program = bpf(5, load);
  const folder = openFolder(path);
  assertEquals([program > 0, bpf(8, new BpfAttributes([folder, program, 6, 2]))], [true, 0]);
  closeFd(folder);
  closeFd(program);
}

testRules("the program of another stays when ours changes", [{ allow: true }], (v2, path) => {
  attachForeign(path);
  attachDeviceProgram(v2, deviceProgram([DENY]));
  assertEquals(works(path, ZERO), false);
  attachDeviceProgram(v2, { code: new Uint8Array(), dispensable: false });
  assertEquals(works(path, ZERO), false);
});

testRules("what is no cgroup of v2 is told with the command that failed", [DENY], (v2) => {
  const elsewhere = { ...v2, directories: v2.directories.map((d) => ({ ...d, path: "/" })) };
  const error = assertThrows(
    () => attachDeviceProgram(elsewhere, deviceProgram([DENY])),
    SyscallError,
  );
  assertEquals(
    error.message,
    "linux.resources.devices: device rules of /: BPF_PROG_QUERY: bad file descriptor (EBADF)",
  );
});

testRules("no descriptor stays open", [DENY], (v2) => {
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  const noResult = { code: new Uint8Array([0x95, 0, 0, 0, 0, 0, 0, 0]), dispensable: false };
  attachDeviceProgram(v2, deviceProgram([DENY]));
  assertThrows(() => attachDeviceProgram(v2, noResult), SyscallError);
  attachDeviceProgram(v2, deviceProgram([{ allow: true }]));
  assertEquals(open(), before);
});

/** What attaching these rules says in a process that the command makes. */
function attachUnder(path: string, command: readonly string[], rules: readonly DeviceCgroup[]) {
  const url = (file: string) =>
    new URL(`../../runtime/cgroup/devices/${file}`, import.meta.url).href;
  const record = {
    driver: "cgroupfs",
    directories: [{ version: 2, controllers: [], mountPoint: "/sys/fs/cgroup", path }],
  };
  const script = `import { attachDeviceProgram } from "${url("device_filter.ts")}";
    import { deviceProgram } from "${url("device_program.ts")}";
    try {
      attachDeviceProgram(${JSON.stringify(record)}, deviceProgram(${JSON.stringify(rules)}));
      console.log("fine");
    } catch (e) { console.log(e.name, e.message) }`;
  const [program, ...args] = [...command, Deno.execPath(), "eval", "--no-lock", script];
  const { stdout } = new Deno.Command(program!, { args, env: { NO_COLOR: "1" } }).outputSync();
  return new TextDecoder().decode(stdout).trim();
}

testRules("without rights to load programs, rules that deny are an error", [], (_, path) => {
  const weak = ["setpriv", "--bounding-set=-sys_admin,-bpf,-net_admin,-perfmon"];
  const { name, message } = new SyscallError(
    `linux.resources.devices: device rules of ${path}: BPF_PROG_QUERY`,
    1,
  );
  assertEquals(attachUnder(path, weak, [DENY]), `${name} ${message}`);
  assertEquals(attachUnder(path, weak, [{ allow: true, type: "c", major: 9 }]), "fine");
});

testRules("in a user namespace rules are left out, as runc does", [], (_, path) => {
  assertEquals(attachUnder(path, ["unshare", "--user", "--map-root-user"], [DENY]), "fine");
});
