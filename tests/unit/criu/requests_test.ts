import { assertEquals, assertThrows } from "@std/assert";
import { type DumpFlags, dumpRequest, type DumpSubject } from "../../../runtime/criu/dump.ts";
import { externalMounts } from "../../../runtime/criu/externals.ts";
import { restoreRequest } from "../../../runtime/criu/restore.ts";
import { SpecError, UsageError } from "../../../runtime/common/errors.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";
import { specWith } from "../plan/input.ts";

const FLAGS: DumpFlags = {
  tcpEstablished: false,
  tcpClose: false,
  extUnixSk: false,
  shellJob: false,
  fileLocks: false,
  autoDedup: false,
  lazyPages: false,
  manageCgroupsMode: "soft",
  emptyNs: [],
  leaveRunning: false,
  preDump: false,
  linkRemap: false,
  tcpSkipInFlight: false,
};

const COMMON = {
  images_dir_fd: 101,
  work_dir_fd: 102,
  log_level: 4,
  notify_scripts: true,
  tcp_established: false,
  tcp_close: false,
  ext_unix_sk: false,
  shell_job: false,
  file_locks: false,
  auto_dedup: false,
  lazy_pages: false,
  manage_cgroups: true,
  manage_cgroups_mode: 3,
  empty_ns: 0,
  orphan_pts_master: true,
  config_file: "/etc/criu/kago.conf",
};

const SPEC: Spec = specWith([], {
  mounts: [
    { destination: "/proc", type: "proc" },
    { destination: "/etc/hosts", type: "bind", source: "/run/hosts" },
    { destination: "/var/run/data/", type: "none", source: "data", options: ["rbind", "ro"] },
    { destination: "/gone", source: "/x", options: ["bind"] },
  ],
  linux: {
    namespaces: [
      { type: "mount" },
      { type: "network", path: "/run/netns/n" },
      { type: "pid", path: "/proc/9/ns/pid" },
    ],
    maskedPaths: ["/proc/keys", "/sys/firmware", "/proc/none"],
    devices: [{ path: "/dev/fuse", type: "c", major: 10, minor: 229 }],
  },
});

function subjectOf(spec: Spec): DumpSubject {
  const mounts: Record<string, { mountPoint: string; isNull: boolean }> = {
    "/etc/hosts": { mountPoint: "/etc/hosts", isNull: false },
    "/var/run/data": { mountPoint: "/run/data", isNull: false },
    "/proc/keys": { mountPoint: "/proc/keys", isNull: true },
    "/sys/firmware": { mountPoint: "/sys/firmware", isNull: false },
  };
  return {
    pid: 77,
    rootfs: "/bundle/rootfs",
    spec,
    externals: externalMounts(spec, "/bundle", null),
    freezer: "/sys/fs/cgroup/box",
    mountAt: (path) => mounts[path],
    namespaceInode: (name) => ({ net: 4026531840, pid: 4026531836 })[name] ?? 0,
  };
}

Deno.test("dumpRequest() of a container with binds, masks and joined namespaces is this whole request", () => {
  assertEquals(dumpRequest(subjectOf(SPEC), FLAGS), {
    type: "dump",
    opts: {
      ...COMMON,
      log_file: "dump.log",
      pid: 77,
      root: "/bundle/rootfs",
      leave_running: false,
      link_remap: false,
      tcp_skip_in_flight: false,
      freeze_cgroup: "/sys/fs/cgroup/box",
      external: [
        "net[4026531840]:extRootNetNS",
        "pid[4026531836]:extRootPidNS",
        "mnt[/etc/hosts]:/etc/hosts",
        "mnt[/run/data]:/var/run/data",
        "mnt[/proc/keys]:/proc/keys",
      ],
    },
  });
});

Deno.test("dumpRequest() passes on what the command line asks for", () => {
  const { type, opts } = dumpRequest(subjectOf(specWith([])), {
    ...FLAGS,
    preDump: true,
    leaveRunning: true,
    tcpEstablished: true,
    lazyPages: true,
    manageCgroupsMode: "strict",
    emptyNs: ["network"],
    parentPath: "../before",
    pageServer: { address: "10.0.0.1", port: 99 },
  });
  assertEquals(type, "preDump");
  const { tcp_established, lazy_pages, manage_cgroups_mode, empty_ns } = opts;
  assertEquals({ tcp_established, lazy_pages, manage_cgroups_mode, empty_ns }, {
    tcp_established: true,
    lazy_pages: true,
    manage_cgroups_mode: 5,
    empty_ns: 0x40000000,
  });
  const { parent_img, track_mem, ps, leave_running } = opts;
  assertEquals({ parent_img, track_mem, ps, leave_running }, {
    parent_img: "../before",
    track_mem: true,
    ps: { address: "10.0.0.1", port: 99 },
    leave_running: true,
  });
});

Deno.test("dumpRequest() refuses to leave another namespace than the network's empty", () => {
  const flags = { ...FLAGS, emptyNs: ["network", "uts"] };
  assertThrows(
    () => dumpRequest(subjectOf(SPEC), flags),
    UsageError,
    "--empty-ns uts",
  );
});

Deno.test("restoreRequest() hands over pipes, namespaces, mounts and the place in the cgroups", () => {
  const subject = {
    root: "/run/kago/box/criu-root",
    spec: specWith([], {
      ...SPEC,
      linux: {
        namespaces: [...SPEC.linux!.namespaces!, { type: "ipc", path: "/proc/9/ns/ipc" }],
        maskedPaths: ["/proc/keys", "/sys/firmware", "/proc/keys"],
      },
    }),
    externals: externalMounts(SPEC, "/bundle", null),
    nullDevice: "/run/kago/box/criu-null",
    descriptors: ["/dev/null", "pipe:[10]", "pipe:[11]"],
  };
  const flags = { ...FLAGS, lsmProfile: "apparmor:p", lsmMountContext: "c" };
  const cgroups = "4:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/box\n";
  assertEquals(restoreRequest(subject, flags, cgroups), {
    type: "restore",
    opts: {
      ...COMMON,
      log_file: "restore.log",
      root: "/run/kago/box/criu-root",
      rst_sibling: true,
      evasive_devices: true,
      lsm_profile: "apparmor:p",
      lsm_mount_context: "c",
      cg_root: [
        { ctrl: "cpu", path: "/a:b" },
        { ctrl: "cpuacct", path: "/a:b" },
        { ctrl: "name=systemd", path: "/" },
        { ctrl: "", path: "/box" },
      ],
      inherit_fd: [
        { key: "pipe:[10]", fd: 1 },
        { key: "pipe:[11]", fd: 2 },
        { key: "extRootNetNS", fd: 103 },
        { key: "extRootPidNS", fd: 104 },
      ],
      join_ns: [{ ns: "ipc", ns_file: "/proc/9/ns/ipc" }],
      external: [
        "mnt[/etc/hosts]:/run/hosts",
        "mnt[/var/run/data]:/bundle/data",
        "mnt[/gone]:/x",
        "mnt[/dev/fuse]:/dev/fuse",
        "mnt[/proc/keys]:/run/kago/box/criu-null",
        "mnt[/sys/firmware]:/run/kago/box/criu-null",
      ],
    },
  });
});

Deno.test("restoreRequest() covers masked files with the host's device where root is no root of the host", () => {
  const linux = { namespaces: [{ type: "user" }], maskedPaths: ["/proc/keys"] } as const;
  const rest = { root: "/r", externals: [], nullDevice: "/n", descriptors: [] };
  const { opts } = restoreRequest({ ...rest, spec: specWith([], { linux }) }, FLAGS, "");
  assertEquals(opts.external, ["mnt[/proc/keys]:/dev/null"]);
});

Deno.test("restoreRequest() refuses a mount or cgroup namespace to be joined", () => {
  const linux = { namespaces: [{ type: "cgroup", path: "/proc/9/ns/cgroup" }] } as const;
  const subject = {
    root: "/r",
    spec: specWith([], { linux }),
    externals: [],
    nullDevice: "/n",
    descriptors: [],
  };
  const error = assertThrows(() => restoreRequest(subject, FLAGS, ""), SpecError);
  assertEquals(error.jsonPath, "linux.namespaces[0].path");
});

Deno.test("externalMounts() has the container's own cgroup folders where no cgroup namespace hides the others", () => {
  const spec = specWith(["mount"], {
    mounts: [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" }],
  });
  const directory = (version: 1 | 2, mountPoint: string) => (
    { version, controllers: [], mountPoint, path: `${mountPoint}/box` }
  );
  const v2 = directory(2, "/sys/fs/cgroup");
  const v1 = directory(1, "/sys/fs/cgroup/cpu,cpuacct");
  assertEquals(externalMounts(spec, "/bundle", { driver: "cgroupfs", directories: [v2] }), [
    { name: "/sys/fs/cgroup", source: "/sys/fs/cgroup/box" },
  ]);
  assertEquals(externalMounts(spec, "/bundle", { driver: "cgroupfs", directories: [v2, v1] }), [
    { name: "/sys/fs/cgroup/cpu,cpuacct", source: "/sys/fs/cgroup/cpu,cpuacct/box" },
  ]);
});

Deno.test("externalMounts() refuses a name that would be read as another one with a source of its choice", () => {
  const spec = specWith(["mount"], { mounts: [{ destination: "/x]:/etc", type: "tmpfs" }] });
  const error = assertThrows(() => externalMounts(spec, "/bundle", null), SpecError);
  assertEquals(error.jsonPath, "mounts[0].destination");
});

Deno.test("externalMounts() counts on default devices being bound in a new user namespace", () => {
  const names = externalMounts(specWith(["mount", "user"]), "/bundle", null).map(({ name }) =>
    name
  );
  assertEquals(names, [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
  ]);
});
