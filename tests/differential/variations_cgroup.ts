/** Variations of `linux.resources` and `linux.cgroupsPath`, and of `hooks`. */
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { ALONE, type Variation, variations } from "./variation.ts";

const MIB = 1 << 20;

const RESOURCES: Readonly<Record<string, JsonObject>> = {
  "memory limit": { memory: { limit: 64 * MIB } },
  "memory limit and swap": { memory: { limit: 64 * MIB, swap: 128 * MIB } },
  "memory reservation": { memory: { limit: 64 * MIB, reservation: 32 * MIB } },
  "memory unlimited": { memory: { limit: -1, swap: -1 } },
  "swappiness": { memory: { limit: 64 * MIB, swappiness: 10 } },
  "disableOOMKiller": { memory: { limit: 64 * MIB, disableOOMKiller: true } },
  "cpu shares": { cpu: { shares: 512 } },
  "cpu quota": { cpu: { quota: 50000, period: 100000 } },
  "cpu period": { cpu: { period: 50000 } },
  "cpuset": { cpu: { cpus: "0", mems: "0" } },
  "pids": { pids: { limit: 100 } },
  "block throttle": {
    blockIO: {
      throttleReadBpsDevice: [{ major: 7, minor: 0, rate: MIB }],
      throttleWriteIOPSDevice: [{ major: 7, minor: 0, rate: 100 }],
    },
  },
  "devices denied": { devices: [{ allow: false, access: "rwm" }] },
  "devices allowed": {
    devices: [
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 10, minor: 229, access: "rwm" },
      { allow: true, type: "b", major: 7, access: "r" },
    ],
  },
  "several": { cpu: { shares: 100 }, memory: { limit: 32 * MIB }, pids: { limit: 50 } },
};

/** The state that a hook reads, and its namespaces. */
const REPORT = `cat; echo; pwd; for type in mnt net pid uts; do readlink /proc/self/ns/$type; done
  env | grep HOOK; echo "$0 $@"`;

function hook(kind: string, report: string, more?: JsonObject): JsonObject {
  const script = `{ echo "= ${kind}"; ${REPORT}; } >> ${report} 2>&1`;
  return { path: "/bin/sh", args: ["sh", "-c", script, "zero", "one"], env: ["HOOK=1"], ...more };
}

/** Its output must be separate from the container's. */
const PRINTING: JsonObject = {
  path: "/bin/sh",
  args: ["sh", "-c", "echo said; echo told >&2; seq 1 50000"],
  env: ["PATH=/usr/bin:/bin"],
};

/** Where hooks in the container's root write their report, for the probe. */
export const CONTAINER_HOOKS_REPORT = "/dev/shm/hooks";
/** The same for hooks that see the host, below the bundle. */
export const HOST_HOOKS_REPORT = "hooks";

export const CGROUP_VARIATIONS: readonly Variation[] = [
  ...variations(
    "resources",
    Object.fromEntries(
      Object.entries(RESOURCES).map(([name, resources]) => [
        name,
        ({ linux }) => linux.resources = resources,
      ]),
    ),
  ),
  ...variations("resources", {
    "pids unlimited": ({ linux }) => linux.resources = { pids: { limit: -1 } },
    "block weight": ({ linux }) => linux.resources = { blockIO: { weight: 200 } },
  }, ALONE),
  ...variations("cgroupsPath", {
    "with dots": ({ linux }, { id }) => linux.cgroupsPath = `/${id}-parent/../${id}-dots`,
  }, ALONE),
  ...variations("cgroupsPath", {
    "absolute": ({ linux }, { id }) => linux.cgroupsPath = `/${id}-parent/deep/${id}`,
    "relative": ({ linux }, { id }) => linux.cgroupsPath = `${id}-parent/${id}`,
    "a name": ({ linux }, { id }) => linux.cgroupsPath = `${id}-name`,
  }),
];

export const HOOK_VARIATIONS: readonly Variation[] = [
  ...variations("hooks", {
    "failing createRuntime": (config) => config.hooks = { createRuntime: [{ path: "/bin/false" }] },
    "failing startContainer": (config) =>
      config.hooks = { startContainer: [{ path: "/bin/false" }] },
  }, ALONE),
  ...variations("hooks", {
    ...Object.fromEntries(
      ["prestart", "createRuntime", "createContainer", "poststart"].map((kind) => [
        kind,
        (config, { bundle }) =>
          config.hooks = { [kind]: [hook(kind, `${bundle}/${HOST_HOOKS_REPORT}`)] },
      ]),
    ),
    "startContainer": (config) =>
      config.hooks = { startContainer: [hook("startContainer", CONTAINER_HOOKS_REPORT)] },
    ...Object.fromEntries(
      ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
        .map((kind) => [`${kind} that prints`, (config) => config.hooks = { [kind]: [PRINTING] }]),
    ),
    "two, without args": (config, { bundle }) => {
      const report = hook("createRuntime", `${bundle}/${HOST_HOOKS_REPORT}`);
      config.hooks = { createRuntime: [{ path: "/bin/true" }, report] };
    },
  } as Record<string, Variation["change"]>),
];
