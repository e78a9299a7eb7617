/**
 * Every operation that can fail by config.json: one sentence that names the field, the part of a path, and the reason.
 * Needs root.
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { isThere } from "../../runtime/common/files.ts";
import { Kago } from "../harness/kago.ts";
import { messageOf, SECRET } from "./message_fixture.ts";

interface Case extends BundleOptions {
  /** Made in the bundle before: a folder for a name that ends in a slash, else a file; `name -> target` is a link. */
  readonly files?: readonly string[];
  /** The message, in which BUNDLE is the bundle's folder. */
  readonly says: string | RegExp;
  /** Of `create`, `start`; default `run`. */
  readonly verb?: "start";
}

const BIND = { type: "bind", options: ["bind"] };
const MISSING = "no such file or directory (ENOENT)";
const NO_FOLDER = "not a directory (ENOTDIR)";
/** Enough for the group of terminals, which the default mounts name. */
const IDS = [{ containerID: 0, hostID: 100000, size: 6 }];
const USER_NAMESPACE = ["user", "mount", "pid", "uts", "ipc", "network"].map((type) => ({ type }));
const withUser = (linux = {}) => ({
  linux: { namespaces: USER_NAMESPACE, uidMappings: IDS, gidMappings: IDS, ...linux },
});
const overlay = (...options: string[]) => ({
  destination: "/mnt",
  type: "overlay",
  source: "overlay",
  options,
});
/** As an option it is more than the 255 bytes that fsconfig(2) takes. */
const LONG_LAYERS = `/bin:/${"./".repeat(150)}usr`;
const LONG = `/${"a".repeat(200)}/${"b".repeat(200)}`;

/** One mount, the seventh behind the default ones, hence mounts[7]. */
const CASES: Readonly<Record<string, Case>> = {
  "bind: a source that is missing": {
    mounts: [{ ...BIND, destination: "/mnt", source: "/no/such/source" }],
    says: `mounts[7].source: "/no/such/source" does not exist, "/no" is missing: ${MISSING}`,
  },
  "bind: the last part of a source": {
    files: ["here/"],
    mounts: [{ ...BIND, destination: "/mnt", source: "here/gone" }],
    says: `mounts[7].source: "BUNDLE/here/gone" does not exist: ${MISSING}`,
  },
  "bind: a file on the way to a source": {
    files: ["here"],
    mounts: [{ ...BIND, destination: "/mnt", source: "here/x" }],
    says: `mounts[7].source: "BUNDLE/here/x": "BUNDLE/here" is not a directory: ${NO_FOLDER}`,
  },
  "bind: a source that is a dangling link": {
    files: ["here -> gone"],
    mounts: [{ ...BIND, destination: "/mnt", source: "here" }],
    says: `mounts[7].source: "BUNDLE/here" is a dangling link: ${MISSING}`,
  },
  "bind: a file on the way to a target": {
    files: ["rootfs/file"],
    mounts: [{ ...BIND, destination: "/file/x/y", source: "/tmp" }],
    says: `mounts[7].destination: "/file/x/y": "/file" is not a directory: ${NO_FOLDER}`,
  },
  "bind: a link to a file on the way to a target": {
    files: ["rootfs/file", "rootfs/link -> file"],
    mounts: [{ ...BIND, destination: "/link/x", source: "/tmp" }],
    says: `mounts[7].destination: "/link/x": "/link" is not a directory: ${NO_FOLDER}`,
  },
  "bind: a folder on a file": {
    files: ["rootfs/file"],
    mounts: [{ ...BIND, destination: "/file", source: "/tmp" }],
    says:
      `mounts[7].destination: "/file" is not a directory, but its source "/tmp" is: ${NO_FOLDER}`,
  },
  "bind: a file on a folder": {
    files: ["file"],
    mounts: [{ ...BIND, destination: "/bin", source: "file" }],
    says:
      `mounts[7].destination: "/bin" is a directory, its source "BUNDLE/file" is not: ${NO_FOLDER}`,
  },
  "bind: a target in a procfs": {
    mounts: [{ ...BIND, destination: "/proc/x", source: "/tmp" }],
    says: /^mounts\[7\]\.destination: .*proc/,
  },
  "bind: a target that cannot be made": {
    mounts: [{ ...BIND, destination: "/sys/nothing/x", source: "/tmp" }],
    says:
      /^mounts\[7\]\.destination: "\/sys\/nothing\/x": "\/sys\/nothing" cannot be created: .*\(E\w+\)$/,
  },
  "bind: a source and a target of 400 characters": {
    mounts: [{ ...BIND, destination: LONG, source: LONG }],
    says: /^mounts\[7\]\.source: "\/aaa.*…b+" does not exist, "\/a.*…a+" is missing: /,
  },
  "bind: a source with what is not seen": {
    mounts: [{ ...BIND, destination: "/mnt", source: "/no\n\u001b[31m\u202e\ufeff" }],
    says: `mounts[7].source: "/no\\n\\u001b[31m\\u202e\\ufeff" does not exist: ${MISSING}`,
  },
  "bind in a user namespace: a source that is missing": {
    mounts: [{ ...BIND, destination: "/mnt", source: "/no/such" }],
    config: withUser(),
    says: `mounts[7].source: "/no/such" does not exist, "/no" is missing: ${MISSING}`,
  },
  "mount: a filesystem that is not known": {
    mounts: [{ destination: "/mnt", type: "nosuchfs", source: "x" }],
    says: 'mounts[7].type: this kernel has no filesystem "nosuchfs": no such device (ENODEV)',
  },
  "mount: an option that is not known": {
    mounts: [{
      destination: "/mnt",
      type: "tmpfs",
      source: "x",
      options: ["size=1m", `secret=${SECRET}`],
    }],
    says: 'mounts[7].options: "secret" is not accepted by "tmpfs": invalid argument (EINVAL)',
  },
  "mount: a device that is missing": {
    mounts: [{ destination: "/mnt", type: "ext4", source: "/dev/no/such" }],
    says: `mounts[7].source: "/dev/no/such" does not exist, "/dev/no" is missing: ${MISSING}`,
  },
  "overlay: a lower folder that is missing": {
    mounts: [overlay("lowerdir=/bin:/no/such\\:one:/usr")],
    says: `mounts[7].options: "/no/such:one" does not exist, "/no" is missing: ${MISSING}`,
  },
  "overlay: an upper folder that is missing": {
    mounts: [overlay("lowerdir=/usr", "upperdir=/no", "workdir=/tmp")],
    says: `mounts[7].options: "/no" does not exist: ${MISSING}`,
  },
  "overlay: a lower folder that is a file": {
    mounts: [overlay("lowerdir=/etc/passwd/x")],
    says: `mounts[7].options: "/etc/passwd/x": "/etc/passwd" is not a directory: ${NO_FOLDER}`,
  },
  "overlay: an option that is not known beside layers that fsconfig(2) does not take": {
    mounts: [overlay(`lowerdir=${LONG_LAYERS}`, "xino=off", `secret=${SECRET}`)],
    says: /^mounts\[7\]\.options: "secret" is not accepted by "overlay": .*\(EINVAL\)$/,
  },
  "overlay: an unknown option and a label with commas beside such layers": {
    mounts: [overlay(`lowerdir=${LONG_LAYERS}`, 'context="a:b,c"', `secret=${SECRET}`)],
    says: /^mounts\[7\]\.options: "secret" is not accepted by "overlay": .*\(EINVAL\)$/,
  },
  "overlay: a missing folder among such layers": {
    mounts: [overlay(`lowerdir=${LONG_LAYERS}:/no/s\\,ch`)],
    says: `mounts[7].options: "/no/s,ch" does not exist, "/no" is missing: ${MISSING}`,
  },
  "overlay: more layers than a page holds": {
    mounts: [overlay(`lowerdir=/${"l".repeat(4200)}`)],
    says: 'mounts[7]: "overlay" cannot be mounted on "/mnt": argument list too long (E2BIG)',
  },
  "mount: a target that is a file": {
    files: ["rootfs/file"],
    mounts: [{ destination: "/file", type: "tmpfs", source: "tmpfs" }],
    says: `mounts[7].destination: "/file" is not a directory: ${NO_FOLDER}`,
  },
  "mount: proc through a link": {
    files: ["rootfs/link -> bin"],
    mounts: [{ destination: "/link", type: "proc", source: "proc" }],
    says: /^mounts\[7\]\.destination: "\/link" is a link that must not be followed: .*\(ELOOP\)$/,
  },
  "remount: nothing is there": {
    mounts: [{ destination: "/no/such", type: "bind", source: "x", options: ["remount", "ro"] }],
    says: /^mounts\[7\]\.(source|destination): ".*" does not exist/,
  },
  "root: missing": {
    config: { root: { path: "no/where" } },
    says: `root.path: "BUNDLE/no/where" does not exist, "BUNDLE/no" is missing: ${MISSING}`,
  },
  "root: a file": {
    files: ["file"],
    config: { root: { path: "file" } },
    says: `root.path: "BUNDLE/file" is not a directory: ${NO_FOLDER}`,
  },
  "device: another one is there": {
    files: ["rootfs/node"],
    config: { linux: { devices: [{ path: "/node", type: "c", major: 1, minor: 3 }] } },
    says: 'linux.devices[0]: "/node" exists and is not this device: file exists (EEXIST)',
  },
  "device: a file on the way": {
    files: ["rootfs/file"],
    config: { linux: { devices: [{ path: "/file/node", type: "c", major: 1, minor: 3 }] } },
    says: `linux.devices[0]: "/file/node": "/file" is not a directory: ${NO_FOLDER}`,
  },
  "cwd: a file": {
    cwd: "/bin/busybox",
    says: `process.cwd: "/bin/busybox" is not a directory: ${NO_FOLDER}`,
  },
  "cwd: a file on the way": {
    cwd: "/bin/busybox/x/y",
    says: `process.cwd: "/bin/busybox/x/y": "/bin/busybox" is not a directory: ${NO_FOLDER}`,
  },
  "cwd: a dangling link": {
    files: ["rootfs/link -> gone"],
    cwd: "/link/x",
    says: /^process\.cwd: "\/link\/x": "\/link" is a dangling link: /,
  },
  "id maps: a user that is not mapped": {
    config: { process: { user: { uid: 9, gid: 0 } }, ...withUser() },
    says: /^process\.user\.uid: user 9 is not mapped in the container's user namespace/,
  },
  "id maps: a group that is not mapped": {
    config: { process: { user: { uid: 0, gid: 9 } }, ...withUser() },
    says: /^process\.user\.gid: group 9 is not mapped in the container's user namespace/,
  },
  "id maps: further groups that are not mapped": {
    config: { process: { user: { uid: 0, gid: 0, additionalGids: [7] } }, ...withUser() },
    says: /^process\.user\.additionalGids: .*"7" is not mapped/,
  },
  "id maps: the kernel refuses them": {
    config: withUser({
      uidMappings: [IDS[0]!, { containerID: 1, hostID: 100000, size: 1 }],
    }),
    says: /^linux\.uidMappings/,
  },
  "rlimit: more than the kernel has": {
    config: {
      process: { rlimits: [{ type: "RLIMIT_NOFILE", soft: 4294967295, hard: 4294967295 }] },
    },
    says:
      "process.rlimits[0]: soft 4294967295, hard 4294967295: exceeds the caller's limit or the kernel's: operation not permitted (EPERM)",
  },
  "sysctl: not there": {
    config: { linux: { sysctl: { "net.no_such": "1" } } },
    says: `linux.sysctl["net.no_such"]: this kernel has no "/proc/sys/net/no_such": ${MISSING}`,
  },
  "sysctl: a value that is not taken": {
    config: { linux: { sysctl: { "net.ipv4.ip_forward": "nonsense" } } },
    says:
      'linux.sysctl["net.ipv4.ip_forward"]: "/proc/sys/net/ipv4/ip_forward" does not accept "nonsense": invalid argument (EINVAL)',
  },
  "hostname: too long": {
    config: { hostname: "h".repeat(65) },
    says: /^hostname: .*64/,
  },
  "namespace: a path that is missing": {
    config: {
      linux: {
        namespaces: [{ type: "mount" }, { type: "uts" }, { type: "network", path: "/no/ns" }],
      },
    },
    says: /^linux\.namespaces\[2\]\.path: .*"?\/no\/ns"?.*no such file or directory \(ENOENT\)/,
  },
  "namespace: a path of another type": {
    config: {
      linux: {
        namespaces: [{ type: "mount" }, { type: "uts" }, {
          type: "network",
          path: "/proc/self/ns/uts",
        }],
      },
    },
    says: /^linux\.namespaces\[2\]\.path: .*\/proc\/self\/ns\/uts/,
  },
  "namespace: a path that is no namespace": {
    config: {
      linux: {
        namespaces: [{ type: "mount" }, { type: "uts" }, { type: "network", path: "/etc/passwd" }],
      },
    },
    says: /^linux\.namespaces\[2\]\.path: .*\/etc\/passwd/,
  },
  "label: AppArmor without the profile": {
    config: { process: { apparmorProfile: "nothing" } },
    says: isThere("/proc/self/attr/apparmor")
      ? `process.apparmorProfile: AppArmor does not know "nothing": load the profile, or leave it out: ${MISSING}`
      : "process.apparmorProfile: this host's kernel has no AppArmor: leave the profile out",
  },
  "label: SELinux without SELinux": {
    config: { process: { selinuxLabel: `a:b:c:${SECRET}` } },
    says: /^process\.selinuxLabel: /,
  },
  "OOM score out of range": {
    config: { process: { oomScoreAdj: 5000 } },
    says: /^process\.oomScoreAdj: /,
  },
  "createRuntime hook: missing": {
    config: { hooks: { createRuntime: [{ path: "/no/such", args: ["x", SECRET] }] } },
    says: `hooks.createRuntime[0]: "/no/such" does not exist: ${MISSING}`,
  },
  "createContainer hook: missing": {
    config: {
      hooks: { createContainer: [{ path: "/no/such", args: ["x", SECRET], env: [SECRET + "=1"] }] },
    },
    says: `hooks.createContainer[0]: "/no/such" does not exist, "/no" is missing: ${MISSING}`,
  },
  "createContainer hook: not executable": {
    config: { hooks: { createContainer: [{ path: "/etc/passwd" }] } },
    says: /^hooks\.createContainer\[0\]: "\/etc\/passwd": permission denied \(EACCES\)$/,
  },
  "startContainer hook: exit code": {
    config: { hooks: { startContainer: [{ path: "/bin/false", args: ["false"] }] } },
    says: /^hooks\.startContainer\[0\]: "\/bin\/false": exit status 1/,
  },
  "startContainer hook of start: missing": {
    verb: "start",
    config: { hooks: { startContainer: [{ path: "/no/such", args: ["x", SECRET] }] } },
    says: /^cannot start container \S+: hooks\.startContainer\[0\]: "\/no\/such".*no such file/,
  },
  "program: missing": {
    args: ["nothing", SECRET],
    says: 'process.args[0]: exec: "nothing": executable file not found in $PATH',
  },
  "program: a script without an interpreter": {
    files: ["rootfs/script"],
    args: ["/script", SECRET],
    says:
      /^process\.args: exec: "\/script": exec format error \(ENOEXEC\): it is a program for another/,
  },
  "program of start: a script without an interpreter": {
    verb: "start",
    files: ["rootfs/script"],
    args: ["/script", SECRET],
    says: /^cannot start container \S+: process\.args: exec: "\/script": exec format error/,
  },
  "program: too many arguments": {
    args: ["sh", `${SECRET}${"x".repeat(3_000_000)}`],
    says: /^process\.args: exec: "sh": argument list too long \(E2BIG\)/,
  },
  "a cgroup limit that is not taken": {
    config: { linux: { resources: { pids: { limit: 10 }, unified: { "no.such": "1" } } } },
    says: /./,
  },
  "a memory limit that is too small": {
    config: { linux: { resources: { memory: { limit: 262144 } } } },
    says:
      "linux.resources.memory.limit: 262144 bytes are too few to create the process: the kernel killed it when memory ran out; allow more memory",
  },
  "a variable without =": {
    config: { process: { env: [SECRET] } },
    says: "process.env[0]: must be NAME=value, it has no =",
  },
  "an rlimit that is not known": {
    config: { process: { rlimits: [{ type: "RLIMIT_NO", soft: 1, hard: 1 }] } },
    says: /^process\.rlimits\[0\]\.type: "RLIMIT_NO" is unknown, must be one of RLIMIT_ and /,
  },
  "a time offset that is too long": {
    config: {
      linux: {
        namespaces: [{ type: "mount" }, { type: "uts" }, { type: "time" }],
        timeOffsets: { boottime: { secs: -9999999999 } },
      },
    },
    says: /^linux\.timeOffsets: /,
  },
};

async function prepare({ files = [] }: Case, folder: string): Promise<void> {
  for (const file of files) {
    const [name, target] = file.split(" -> ");
    const path = `${folder}/${name}`;
    if (target) await Deno.symlink(target, path);
    else if (path.endsWith("/")) await Deno.mkdir(path);
    else await Deno.writeTextFile(path, "text\n", { mode: 0o755 });
  }
}

async function failureOf(kago: Kago, { verb }: Case): Promise<string> {
  if (!verb) return messageOf(await kago.foreground());
  const created = await kago.create();
  assertEquals(created.code, 0, created.stdout);
  return messageOf(await kago.run("start", kago.id));
}

Deno.test("an operation that config.json makes fail is told in one sentence", async (t) => {
  for (const [name, one] of Object.entries(CASES)) {
    await t.step(name, () =>
      Kago.with(one, async (kago) => {
        kago.globals.push("--log-format", "json");
        await prepare(one, kago.bundle.path);
        const message = (await failureOf(kago, one)).replaceAll(kago.bundle.path, "BUNDLE");
        if (typeof one.says === "string") assertEquals(message, one.says);
        else if (!one.says.test(message)) throw new Error(message);
        if (Deno.env.get("SHOW")) console.log(message);
      }));
  }
});

Deno.test("the fields of the operation that failed are told with --debug, and then only", async () => {
  const mounts = [{ ...BIND, destination: "/mnt", source: "/no/such" }];
  await Kago.with({ mounts }, async (kago) => {
    const dump = /caused by SyscallError: bind source=\/no\/such target=\/mnt: no such file/;
    assertEquals(dump.test((await kago.foreground()).stderr), false);
    kago.globals.push("--debug");
    assertMatch((await kago.foreground()).stderr, dump);
  });
});
