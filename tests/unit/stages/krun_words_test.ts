import { assertEquals } from "@std/assert";
import { argument, call } from "../../../executors/libkrun/krun_call.ts";
import { encodeGuestPlan } from "../../../runtime/plan/encode.ts";
import type { Op, Plan } from "../../../runtime/plan/op.ts";
import type { Message } from "../../../runtime/stages/message.ts";
import { heardProblem, krunProblem } from "../../../runtime/stages/krun_words.ts";
import { failureError } from "../../../runtime/stages/op_failure.ts";
import type { Finding } from "../../../runtime/stages/op_findings.ts";

const { number, text, list, file } = argument;

const LOAD: Op = { op: "krunLoad", before: [], libraries: ["libkrun.so.1"], abi: 1 };
const PASST: Op = { op: "krunPasst", program: "/bin/passt", args: ["passt"], mayLack: 0 };
const JAIL: Op = { op: "vmmJail", features: 1, isolatedFeatures: 0 };
const DISK = call("krun_add_disk2", "w", text("disk0"), file("/a"), number(0), number(true));

/** What the operation itself says, beside the operation. */
function failure(errno: number, own?: Pick<Finding, "found" | "text">) {
  const operation: Finding = { field: 255, found: "operation", text: "", bytes: Uint8Array.of() };
  return { errno, findings: own ? [{ field: 0, ...own }, operation] : [operation] };
}

type Own = Pick<Finding, "found" | "text">;

const SAID: readonly [op: Op, errno: number, own: Own | undefined, says: string][] = [
  [
    LOAD,
    79,
    { found: "said", text: "libkrun.so.1: file too short" },
    "libkrun cannot be loaded: libkrun.so.1: file too short; install libkrun 1.x and run ldconfig",
  ],
  [
    LOAD,
    79,
    { found: "missing", text: "/l/libkrun.so.1" },
    "libkrun cannot be loaded: /l/libkrun.so.1: no such file or directory; " +
    "install libkrun 1.x and run ldconfig",
  ],
  [
    LOAD,
    80,
    { found: "named", text: "/l/other.so" },
    "/l/other.so is not libkrun; name the file of libkrun 1.x",
  ],
  [LOAD, 12, undefined, "krun_create_ctx(): cannot allocate memory (ENOMEM)"],
  [
    { ...DISK, wantedBy: 'annotations["krun.disk"]' },
    5,
    { found: "said", text: "block: no such file" },
    'annotations["krun.disk"]: krun_add_disk2(context, "disk0", "/a", 0, 1): block: no such file',
  ],
  [
    PASST,
    3,
    { found: "said", text: "Failed to connect to syslog\nNo external interface\nExit\n" },
    "passt has ended: No external interface, Exit; " +
    "give the container a network with an address and a route, or leave krun.use_passt out",
  ],
  [
    PASST,
    110,
    { found: "said", text: "" },
    "passt is not ready: ; " +
    "give the container a network with an address and a route, or leave krun.use_passt out",
  ],
  [
    PASST,
    101,
    { found: "said", text: "a\u001bb" },
    "passt has no interface with a route: a\\u001bb; " +
    "give the container a network with an address and a route, or leave krun.use_passt out",
  ],
  [
    { op: "krunKvm" },
    13,
    undefined,
    "the container's user cannot open its /dev/kvm: permission denied (EACCES); check its owner " +
    "and mode (in a user namespace they are the host's), linux.resources.devices, and that /dev is not mounted nodev",
  ],
  [
    DISK,
    22,
    undefined,
    'w: krun_add_disk2(context, "disk0", "/a", 0, 1): invalid argument (EINVAL)',
  ],
  [DISK, 2, { found: "shut", text: "/a" }, "open /a in /: no such file or directory (ENOENT)"],
  [
    DISK,
    38,
    { found: "missing", text: "krun_add_disk2" },
    "w needs the function krun_add_disk2, which this libkrun does not have; " +
    "install a newer libkrun, or one that was built with it",
  ],
  [
    call("krun_set_exec", "", text("/a"), list("--password=hunter2"), list()),
    22,
    undefined,
    'krun_set_exec(context, "/a", […], []): invalid argument (EINVAL)',
  ],
  [
    { op: "krunEnter", builder: 0 },
    38,
    { found: "missing", text: "krun_start_enter" },
    "a microVM needs the function krun_start_enter, which this libkrun does not have; " +
    "install a newer libkrun, or one that was built with it",
  ],
  [
    { op: "hostSockets", paths: ["/run/x.sock"], from: "mounts" },
    13,
    { found: "shut", text: "/run/x.sock" },
    "the container's user cannot reach the socket /run/x.sock: permission denied (EACCES); " +
    "mount it where process.user may search every directory above",
  ],
  [
    { op: "watchMounts", paths: ["/src"], from: 'annotations["krun.watch"]' },
    18,
    { found: "shut", text: "/src" },
    'annotations["krun.watch"]: /src is on a filesystem of which fanotify tells no names (FUSE, a Btrfs subvolume): leave it out',
  ],
  [
    { op: "watchMounts", paths: ["/src"], from: 'annotations["krun.watch"]' },
    7,
    { found: "shut", text: "/src" },
    'annotations["krun.watch"]: /src takes the watched directories beyond 16384: mount and name fewer',
  ],
  [
    { op: "watchMounts", paths: ["/f"], from: 'annotations["krun.watch"]' },
    20,
    { found: "shut", text: "/f" },
    'annotations["krun.watch"]: /f is a file: mount the directory that it is in, and name that',
  ],
  [
    { op: "watchOpen", from: 'annotations["krun.watch"]' },
    38,
    undefined,
    'annotations["krun.watch"]: fanotify_init(): function not implemented (ENOSYS); it takes Linux 5.13 with CONFIG_FANOTIFY',
  ],
  [
    JAIL,
    1,
    { found: "said", text: "landlock" },
    "the VMM's Landlock rules: operation not permitted (EPERM)",
  ],
  [
    JAIL,
    110,
    { found: "said", text: "threads" },
    "the VMM's jail: connection timed out (ETIMEDOUT)",
  ],
  [
    JAIL,
    22,
    { found: "said", text: "seccomp" },
    "the VMM's filter of system calls: invalid argument (EINVAL)",
  ],
];

Deno.test("krunProblem() says what libkrun, passt or the VMM lacks, in one sentence each", () => {
  for (const [op, errno, own, says] of SAID) {
    assertEquals(krunProblem(op, failure(errno, own)), `microVM: ${says}`);
  }
});

Deno.test("krunProblem() leaves what only the errno tells of, and what is not libkrun's, to others", () => {
  assertEquals(krunProblem(PASST, failure(2)), undefined);
  assertEquals(krunProblem({ op: "krunEnter", builder: 0 }, failure(12)), undefined);
  assertEquals(krunProblem({ op: "umask", mask: 0 }, failure(1)), undefined);
});

Deno.test("heardProblem() reads the operation from the failure itself, as far as it is there", () => {
  const bytes = encodeGuestPlan([DISK]).slice(28);
  const heard = (kept: Uint8Array<ArrayBuffer>) =>
    heardProblem({
      errno: 22,
      findings: [{ field: 255, found: "operation", text: "", bytes: kept }],
    });
  assertEquals(heard(bytes), krunProblem(DISK, failure(22)));
  assertEquals(
    heard(bytes.slice(0, -4)),
    'microVM: w: krun_add_disk2(context, "disk0", "", 0, 1): invalid argument (EINVAL)',
  );
  assertEquals(heard(Uint8Array.of()), undefined);
  assertEquals(heardProblem({ errno: 22, findings: [] }), undefined);
});

Deno.test("failureError() words an operation of the VMM's by the plan", () => {
  const plan: Plan = { intermediate: [], init: [], vmm: [DISK] };
  const message: Message = { type: "failed", stage: "vmm", value: 0, ...failure(22) };
  assertEquals(failureError(message, plan).message, krunProblem(DISK, failure(22)));
});
