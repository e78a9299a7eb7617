/** Variations of `linux` except its paths: namespaces, devices, cgroup, sysctl, seccomp; and the hostname. */
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { ALONE, type Config, type Variation, variations } from "./variation.ts";

function dropNamespaces({ linux }: Config, ...types: string[]): void {
  linux.namespaces = linux.namespaces.filter(({ type }) => !types.includes(type));
}

function joinNamespace({ linux }: Config, type: string, path: string): void {
  linux.namespaces.find((namespace) => namespace.type === type)!.path = path;
}

function newUserNamespace({ linux }: Config, mappings: readonly (readonly number[])[]): void {
  linux.namespaces.push({ type: "user" });
  const entries = mappings.map(([containerID, hostID, size]) => ({ containerID, hostID, size }));
  linux.uidMappings = entries;
  linux.gidMappings = entries;
}

/** A new user namespace has no permission for these axes; each runtime reports that differently. */
const NOT_WITH_USER = ["devices", "sysctl", "mounts", "oomScoreAdj", "hooks"];

export const NAMESPACE_VARIATIONS: readonly Variation[] = [
  ...variations("namespaces", {
    "time": ({ linux }) => linux.namespaces.push({ type: "time" }),
    "a type twice": ({ linux }) => linux.namespaces.push({ type: "pid" }),
    "path missing": (config) => joinNamespace(config, "ipc", "/no/such/namespace"),
    "path of another type": (config, { fixture }) =>
      joinNamespace(config, "ipc", `/proc/${fixture.helper}/ns/net`),
    "user, network of the host": (config) => {
      newUserNamespace(config, [[0, 100000, 65536]]);
      dropNamespaces(config, "network");
    },
  }, ALONE),
  ...variations("namespaces", {
    "pid of the host": (config) => dropNamespaces(config, "pid"),
    "cgroup of the host": (config) => dropNamespaces(config, "cgroup"),
    "uts new, ipc of the host": (config) => {
      dropNamespaces(config, "ipc");
      config.mounts = config.mounts.filter(({ type }) => type !== "mqueue");
    },
    "pid joined": (config, { fixture }) =>
      joinNamespace(config, "pid", `/proc/${fixture.helper}/ns/pid`),
    "cgroup joined": (config, { fixture }) =>
      joinNamespace(config, "cgroup", `/proc/${fixture.helper}/ns/cgroup`),
  }),
  ...variations("namespaces", {
    "only mount and pid": (config) => {
      dropNamespaces(config, "network", "ipc", "uts", "cgroup");
      delete config.hostname;
    },
    "network of the host": (config) => dropNamespaces(config, "network"),
    "network joined": (config, { fixture }) =>
      joinNamespace(config, "network", `/proc/${fixture.helper}/ns/net`),
    "network of the host by path": (config) =>
      joinNamespace(config, "network", `/proc/${Deno.pid}/ns/net`),
    "ipc and network joined": (config, { fixture }) => {
      joinNamespace(config, "ipc", `/proc/${fixture.helper}/ns/ipc`);
      joinNamespace(config, "network", `/proc/${fixture.helper}/ns/net`);
    },
  }, ["sysctl", "hostname"]),
  ...variations("namespaces", {
    "user": (config) => newUserNamespace(config, [[0, 100000, 65536]]),
    "user with three mappings": (config) =>
      newUserNamespace(config, [[0, 100000, 1000], [1000, 300000, 1], [1001, 101001, 60000]]),
    "user mapped to itself": (config) => newUserNamespace(config, [[0, 0, 65536]]),
  }, NOT_WITH_USER),
  ...variations("hostname", {
    "absent": (config) => delete config.hostname,
    "with dots": (config) => config.hostname = "a.b.example",
    "with domainname": (config) => config.domainname = "example.org",
    "without a uts namespace": (config) => {
      dropNamespaces(config, "uts");
      delete config.hostname;
    },
  }),
];

const device = (path: string, type: string, major: number, minor: number, more?: JsonObject) => ({
  ...{ path, type, major, minor },
  ...more,
});

const PROFILES: Readonly<Record<string, JsonObject>> = {
  "one errno": {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }],
  },
  "architectures": {
    defaultAction: "SCMP_ACT_ALLOW",
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    syscalls: [{ names: ["swapon"], action: "SCMP_ACT_ERRNO" }],
  },
  "arguments": {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{
      names: ["socket"],
      action: "SCMP_ACT_ERRNO",
      args: [{ index: 0, value: 16, op: "SCMP_CMP_EQ" }],
    }],
  },
  "no calls": { defaultAction: "SCMP_ACT_ALLOW" },
};

export const LINUX_VARIATIONS: readonly Variation[] = [
  ...variations("devices", {
    "character device": ({ linux }) =>
      linux.devices = [device("/dev/fuse", "c", 10, 229, { fileMode: 0o640, uid: 5, gid: 6 })],
    "without a mode": ({ linux }) => linux.devices = [device("/dev/net/tun", "c", 10, 200)],
    "block device": ({ linux }) =>
      linux.devices = [device("/dev/sub/loop9", "b", 7, 9, { fileMode: 0o660, gid: 6 })],
    "fifo": ({ linux }) =>
      linux.devices = [{ path: "/dev/queue", type: "p", fileMode: 0o622, uid: 1000 }],
    "unbuffered": ({ linux }) =>
      linux.devices = [device("/dev/port9", "u", 1, 9, { fileMode: 0o600 })],
    "a default one again": ({ linux }) =>
      linux.devices = [device("/dev/zero", "c", 1, 5, { fileMode: 0o600, uid: 0, gid: 0 })],
    "outside /dev": ({ linux }) =>
      linux.devices = [device("/home/zero", "c", 1, 5, { fileMode: 0o666 })],
  }),
  ...variations("sysctl", {
    "missing": ({ linux }) => linux.sysctl = { "net.ipv4.no_such_key": "1" },
  }, ALONE),
  ...variations("sysctl", {
    "net": ({ linux }) =>
      linux.sysctl = { "net.ipv4.ip_forward": "1", "net.core.somaxconn": "256" },
    "ipc": ({ linux }) => linux.sysctl = { "kernel.shm_rmid_forced": "1", "kernel.msgmax": "9000" },
    "slashes": ({ linux }) => linux.sysctl = { "net/ipv4/ip_default_ttl": "77" },
  }),
  ...variations("seccomp", {
    "log flag": ({ linux }) =>
      linux.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW",
        flags: ["SECCOMP_FILTER_FLAG_LOG"],
        syscalls: [{ names: ["swapoff", "no_such_call"], action: "SCMP_ACT_KILL_PROCESS" }],
      },
  }, ALONE),
  ...variations(
    "seccomp",
    Object.fromEntries(
      Object.entries(PROFILES).map((
        [name, profile],
      ) => [name, ({ linux }) => linux.seccomp = profile]),
    ),
  ),
];
