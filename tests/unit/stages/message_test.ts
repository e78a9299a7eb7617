import { assertEquals, assertThrows } from "@std/assert";
import { type HostError, SpecError, SyscallError } from "../../../runtime/common/errors.ts";
import {
  NO_SLOT,
  type Op,
  type Plan,
  PROCFS,
  type Stage,
  STAGES,
  TAKES,
} from "../../../runtime/plan/op.ts";
import { decodeMessage } from "../../../runtime/stages/message.ts";
import { failureError } from "../../../runtime/stages/op_failure.ts";

/** MESSAGE_FAILED of helper-c/common/message.h. */
function encodeFailure(stage: Stage, index: number, errno: number): Uint8Array<ArrayBuffer> {
  const FAILED = 5;
  const words = Int32Array.of(FAILED, STAGES.indexOf(stage), index, errno);
  return new Uint8Array(words.buffer);
}

const PLAN: Plan = {
  intermediate: [{ op: "cloneInit" }],
  init: [
    { op: "sethostname", name: "h", from: "hostname" },
    { op: "findProgram", file: "sh", search: "/bin", from: "process.args[0]" },
  ],
  vmm: [],
};

Deno.test("failureError() names the place in config.json and why, and has the operation as the cause", () => {
  const error = failureError(decodeMessage(encodeFailure("init", 0, 1)), PLAN);
  assertEquals((error as SpecError).jsonPath, "hostname");
  assertEquals(
    error.message,
    'hostname: the host name cannot be "h": operation not permitted (EPERM)',
  );
  const cause = error.cause as SyscallError;
  assertEquals([cause.errno, cause.stage], [1, "init"]);
  assertEquals(cause.message, "sethostname name=h: operation not permitted (EPERM)");
});

Deno.test("failureError() of an operation without a place in config.json is a SyscallError", () => {
  const error = failureError(decodeMessage(encodeFailure("intermediate", 0, 11)), PLAN);
  assertEquals((error as SyscallError).stage, "intermediate");
  assertEquals((error as SyscallError).errno, 11);
});

Deno.test("failureError() says of a missing program what engines look for", () => {
  const missing = failureError(decodeMessage(encodeFailure("init", 1, 2)), PLAN);
  assertEquals(missing.message, 'process.args[0]: exec: "sh": executable file not found in $PATH');
  const denied = failureError(decodeMessage(encodeFailure("init", 1, 13)), PLAN);
  assertEquals(denied.message, 'process.args[0]: exec: "sh": permission denied (EACCES)');
});

Deno.test("failureError() of an exec names the program and why, and none of its arguments", () => {
  const op = {
    op: "exec",
    args: ["/bin/tool", "--password=hunter2"],
    env: ["TOKEN=secret"],
    from: "process.args",
  } as const;
  const plan: Plan = { ...PLAN, init: [op] };
  const said = (errno: number) => {
    const error = failureError(decodeMessage(encodeFailure("init", 0, errno)), plan);
    assertEquals(
      /hunter2|secret/.test(`${error.message} ${(error.cause as Error).message}`),
      false,
    );
    return error.message;
  };
  const begin = 'process.args: exec: "/bin/tool": ';
  assertEquals(
    said(2),
    `${begin}no such file or directory (ENOENT): its interpreter is missing, which is the dynamic linker or the program after #!`,
  );
  assertEquals(
    said(8),
    `${begin}exec format error (ENOEXEC): it is a program for another architecture, or a script without #!`,
  );
  assertEquals(
    said(7),
    `${begin}argument list too long (E2BIG): its arguments and environment are larger than the kernel allows`,
  );
  assertEquals(said(1), `${begin}operation not permitted (EPERM)`);
});

Deno.test("failureError() says what a passwd without an end is read for", () => {
  const plan: Plan = { intermediate: [], init: [{ op: "findHome", uid: 0 }], vmm: [] };
  const error = failureError(decodeMessage(encodeFailure("init", 0, 27)), plan);
  assertEquals((error as HostError).remedy, "set HOME in process.env, or make the file smaller");
  assertEquals((error.cause as SyscallError).errno, 27);
});

Deno.test("failureError() says of a session without a VM that the VM has ended", () => {
  const op = { op: "guestSession", folder: "/f", plan: new Uint8Array(), terminal: 0 } as const;
  const plan: Plan = { intermediate: [], init: [op], vmm: [] };
  const error = (errno: number) =>
    failureError(decodeMessage(encodeFailure("init", 0, errno)), plan);
  assertEquals(error(3).message, "the VM has ended");
  assertEquals((error(3).cause as SyscallError).errno, 3);
  assertEquals((error(110) as SyscallError).errno, 110);
});

Deno.test("failureError() says in words that a socket is not the VM's own, and that a volume has a procfs", () => {
  const session = {
    op: "guestSession",
    folder: "/f",
    plan: new Uint8Array(),
    terminal: 0,
  } as const;
  const mounts = { op: "kernelMountsReadonly", types: ["proc"], from: "mounts" } as const;
  const plan: Plan = { ...PLAN, init: [session, mounts] };
  const words = (index: number, errno: number) =>
    failureError(decodeMessage(encodeFailure("init", index, errno)), plan).message;
  for (const errno of [1, 88]) {
    assertEquals(
      words(0, errno),
      "cannot ask the guest: /f/agent.sock is not its VM's own, delete the container",
    );
  }
  assertEquals(
    words(1, 18),
    "mounts: include a procfs, through which a guest would reach its VMM: bind-mount directories without one",
  );
});

Deno.test("failureError() says in words that a mount leads into a procfs, or that /proc takes one", () => {
  const bind = {
    source: "/s",
    target: "/t",
    recursive: 0,
    attrsSet: 0n,
    attrsClear: 0n,
    attrsUnnamed: 0n,
    recAttrsSet: 0n,
    recAttrsClear: 0n,
    propagation: 0,
    slot: NO_SLOT,
    noFollow: 0,
    links: 0,
    from: "mounts[3]",
  } as const;
  const init = Object.values(PROCFS).map((procfs) => ({ op: "bind", ...bind, procfs }) as const);
  const plan: Plan = { intermediate: [], init, vmm: [] };
  const messages = [0, 2].map((index) =>
    failureError(decodeMessage(encodeFailure("init", index, 18)), plan).message
  );
  assertEquals(messages, [
    "mounts[3].destination: /t leads into a procfs, in which nothing may be mounted",
    "mounts[3].destination: /t accepts only a mount of type proc, or a bind mount of one",
  ]);
});

Deno.test("failureError() says in words that a path leads to the container's root", () => {
  const mask = { op: "maskPath", path: "/m", context: "", from: "linux.maskedPaths[2]" } as const;
  const bind: Op = {
    op: "mount",
    fstype: "tmpfs",
    source: "tmpfs",
    target: "/t",
    options: [],
    attrs: 0n,
    propagation: 0,
    noFollow: 0,
    takes: TAKES.mode,
    procfs: PROCFS.refused,
    from: "mounts[3]",
  };
  const { options: _, ...rest } = bind as Extract<Op, { op: "mount" }>;
  const byName: Op = { ...rest, op: "mountByName", flags: 0, data: "" };
  const plan: Plan = { intermediate: [], init: [mask, bind, byName], vmm: [] };
  const ROOT_COVERED = 73;
  const messages = [0, 1, 2].map((index) =>
    failureError(decodeMessage(encodeFailure("init", index, ROOT_COVERED)), plan).message
  );
  const why = "is or leads to the container's root, on which nothing may be mounted";
  assertEquals(messages, [
    `linux.maskedPaths[2]: /m ${why}`,
    `mounts[3].destination: /t ${why}`,
    `mounts[3].destination: /t ${why}`,
  ]);
});

Deno.test("decodeMessage() reads what a failed operation's paths look like", () => {
  const failed = encodeFailure("init", 3, 2);
  const MISSING = 3;
  const NAMED = 0;
  const bytes = Uint8Array.of(...failed, 1, MISSING, 2, 0, 47, 97, 0, NAMED, 0, 0);
  assertEquals(decodeMessage(bytes).findings, [
    { field: 1, found: "missing", text: "/a" },
    { field: 0, found: "named", text: "" },
  ]);
  const OPERATION = 12;
  assertEquals(decodeMessage(Uint8Array.of(...failed, 255, OPERATION, 2, 0, 255, 0)).findings, [
    { field: 255, found: "operation", text: "", bytes: Uint8Array.of(255, 0) },
  ]);
  const wrong = [[1], [1, MISSING, 0], [1, 99, 0, 0], [1, MISSING, 2, 0, 47], [0, 0, 0, 1]];
  for (const findings of wrong) {
    assertThrows(() => decodeMessage(Uint8Array.of(...failed, ...findings)), Error, "malformed");
  }
  const sync = Uint8Array.of(...failed, 1, MISSING, 0, 0);
  sync[0] = 1;
  assertThrows(() => decodeMessage(sync), Error, "malformed");
});

Deno.test("decodeMessage() refuses what no stage sends", () => {
  for (const size of [0, 3, 15, 17]) {
    assertThrows(() => decodeMessage(new Uint8Array(size)), Error, "malformed");
  }
});

Deno.test("decodeMessage() takes no message from a stage that sends none: Main's own hooks, and what is beyond", () => {
  assertEquals(decodeMessage(encodeFailure("guest", 0, 1)).stage, "guest");
  assertThrows(() => decodeMessage(encodeFailure("hook", 0, 1)), Error, "malformed message");
});
