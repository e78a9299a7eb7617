import { assertEquals, assertThrows } from "@std/assert";
import { refuseUnenforced } from "../../../../executors/libkrun/unenforced.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";
import type { Process, Spec } from "../../../../runtime/spec/spec.ts";
import { UNRESTRICTED } from "../../../harness/unrestricted.ts";

const PROCESS: Process = { cwd: "/", args: ["sh"], user: {}, ...UNRESTRICTED.process };
const SPEC: Spec = {
  ociVersion: "1.2.0",
  process: PROCESS,
  mounts: UNRESTRICTED.mounts,
  linux: UNRESTRICTED.linux,
};

function refused(change: Partial<Spec>): string {
  return assertThrows(() => refuseUnenforced({ ...SPEC, ...change }), SpecError).jsonPath;
}

function refusedOf(change: Partial<Process>): string {
  return refused({ process: { ...PROCESS, ...change } });
}

Deno.test("refuseUnenforced() lets pass what asks for nothing that the agent would enforce", () => {
  refuseUnenforced(SPEC);
  refuseUnenforced({
    ...SPEC,
    process: { ...PROCESS, user: { umask: 0o22, additionalGids: [0] } },
  });
  const mounts = [...SPEC.mounts!, {
    destination: "/data",
    type: "bind",
    options: ["rbind", "ro"],
  }];
  refuseUnenforced({ ...SPEC, mounts, root: { path: "rootfs", readonly: true } });
  refuseUnenforced({ ...SPEC, linux: { maskedPaths: ["/etc/secret", "/process"] } });
});

Deno.test("refuseUnenforced() names each restriction that libkrun's own init does not know", () => {
  assertEquals(refusedOf({ user: { uid: 1 } }), "process.user.uid");
  assertEquals(refusedOf({ user: { gid: 1 } }), "process.user.gid");
  assertEquals(refusedOf({ user: { additionalGids: [0, 7] } }), "process.user.additionalGids");
  assertEquals(refusedOf({ user: { umask: 0o77 } }), "process.user.umask");
  assertEquals(refusedOf({ noNewPrivileges: true }), "process.noNewPrivileges");
  const rlimits = [{ type: "RLIMIT_NOFILE", soft: 1, hard: 1 }];
  assertEquals(refusedOf({ rlimits }), "process.rlimits");
});

Deno.test("refuseUnenforced() takes a set of capabilities that lacks one, or is missing, for a restriction", () => {
  const { capabilities } = UNRESTRICTED.process;
  for (const set of ["bounding", "effective", "permitted"] as const) {
    const path = `process.capabilities.${set}`;
    const lacking = { ...capabilities, [set]: capabilities[set].slice(1) };
    assertEquals(refusedOf({ capabilities: lacking }), path);
    const { [set]: _, ...rest } = capabilities;
    assertEquals(refusedOf({ capabilities: rest }), path);
  }
  const { capabilities: _, ...without } = PROCESS;
  assertEquals(refused({ process: without }), "process.capabilities.bounding");
});

Deno.test("refuseUnenforced() takes what kago has not got itself for no restriction", () => {
  const capabilities = { bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"] };
  const spec = { ...SPEC, process: { ...PROCESS, capabilities } };
  refuseUnenforced(spec, 1n << 5n);
  assertThrows(() => refuseUnenforced(spec, 3n << 5n), SpecError);
});

Deno.test("refuseUnenforced() names paths and mounts that the guest's init mounts over", () => {
  const paths = (linux: Spec["linux"]) => refused({ linux: linux! });
  assertEquals(paths({ maskedPaths: ["/x", "/proc/kcore"] }), "linux.maskedPaths[1]");
  assertEquals(paths({ readonlyPaths: ["/proc/../sys"] }), "linux.readonlyPaths[0]");
  assertEquals(paths({ sysctl: { "net.ipv4.ip_forward": "0" } }), "linux.sysctl");
  const mounted = (destination: string, ...options: string[]) =>
    refused({ mounts: [...SPEC.mounts!, { destination, type: "tmpfs", options }] });
  const place = `mounts[${SPEC.mounts!.length}].options`;
  assertEquals(mounted("/sys/fs/cgroup", "ro"), place);
  for (const option of ["nosuid", "noexec", "nodev"]) assertEquals(mounted("/tmp", option), place);
});

Deno.test("refuseUnenforced() knows a mount's restrictions by what they do, however they are written", () => {
  const bound = (destination: string, ...options: string[]) => ({
    mounts: [{ destination, type: "bind", source: "/s", options: ["bind", ...options] }],
  });
  for (
    const option of [
      "nosuid",
      "rnosuid",
      "nodev",
      "rnodev",
      "noexec",
      "rnoexec",
      "nosymfollow",
      "ro,noexec",
    ]
  ) {
    assertEquals(refused(bound("/data", option)), "mounts[0].options", option);
  }
  for (const option of ["ro", "rro"]) {
    assertEquals(refused(bound("/sys/x", option)), "mounts[0].options");
  }
  refuseUnenforced({ ...SPEC, ...bound("/data", "ro", "noexec", "exec") });
});
