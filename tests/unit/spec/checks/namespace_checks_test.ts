import { namespaces } from "../config.ts";
import { testPasses, testRefusals } from "./refusals.ts";

const RANGE = [{ containerID: 0, hostID: 1000, size: 1 }];
const USER = namespaces("", { type: "user" });

testRefusals({
  "the same namespace twice": {
    changes: [namespaces("", { type: "pid", path: "/proc/1/ns/pid" })],
    jsonPath: "linux.namespaces[6].type",
    problem: "pid is listed twice",
  },
  "a relative namespace path": {
    changes: [namespaces("", { type: "time", path: "ns/time" })],
    jsonPath: "linux.namespaces[6].path",
    problem: 'must be an absolute path, got "ns/time"',
  },
  "a new user namespace without uidMappings": {
    changes: [USER, ["linux.gidMappings", RANGE]],
    jsonPath: "linux.uidMappings",
    problem: "is required, with at least one range, for a new user namespace",
  },
  "a new user namespace without gidMappings": {
    changes: [USER, ["linux.uidMappings", RANGE], ["linux.gidMappings", []]],
    jsonPath: "linux.gidMappings",
    problem: "is required, with at least one range, for a new user namespace",
  },
  "uidMappings without a user namespace": {
    changes: [["linux.uidMappings", RANGE]],
    jsonPath: "linux.uidMappings",
    problem: "needs user in linux.namespaces: ids are mapped in a user namespace only",
  },
  "gidMappings without a user namespace": {
    changes: [["linux.gidMappings", RANGE]],
    jsonPath: "linux.gidMappings",
    problem: "needs user in linux.namespaces: ids are mapped in a user namespace only",
  },
  "gidMappings that overlap": {
    changes: [USER, ["linux.uidMappings", RANGE], [
      "linux.gidMappings",
      [{ containerID: 5, hostID: 0, size: 5 }, { containerID: 0, hostID: 100, size: 6 }],
    ]],
    jsonPath: "linux.gidMappings[0].containerID",
    problem: "5 is in the range of another mapping",
  },
  "masked paths in the host's mount namespace": {
    changes: [namespaces("mount"), ["linux.maskedPaths", ["/proc/kcore"]]],
    jsonPath: "linux.maskedPaths",
    problem: "needs mount in linux.namespaces: it would hide paths of the host",
  },
  "read-only paths in the host's mount namespace": {
    changes: [namespaces("mount"), ["linux.readonlyPaths", ["/proc/sys"]]],
    jsonPath: "linux.readonlyPaths",
    problem: "needs mount in linux.namespaces: it would hide paths of the host",
  },
  "time offsets without a time namespace": {
    changes: [["linux.timeOffsets.monotonic.secs", 1]],
    jsonPath: "linux.timeOffsets",
    problem: "needs time in linux.namespaces: the clocks of the host cannot have offsets",
  },
  "time offsets in a time namespace that is joined": {
    changes: [
      namespaces("", { type: "time", path: "/run/time" }),
      ["linux.timeOffsets.monotonic.secs", 1],
    ],
    jsonPath: "linux.timeOffsets",
    problem: "cannot be set in an existing time namespace",
  },
  "the offset of another clock": {
    changes: [namespaces("", { type: "time" }), ["linux.timeOffsets", { realtime: { secs: 1 } }]],
    jsonPath: "linux.timeOffsets.realtime",
    problem: "is not a clock with an offset, must be boottime or monotonic",
  },
  "a second of nanoseconds": {
    changes: [
      namespaces("", { type: "time" }),
      ["linux.timeOffsets.boottime.nanosecs", 1_000_000_000],
    ],
    jsonPath: "linux.timeOffsets.boottime.nanosecs",
    problem: "1000000000 is out of range, must be 0 to 999999999",
  },
  "network devices for the host's network namespace": {
    changes: [namespaces("network"), ["linux.netDevices", { eth0: {} }]],
    jsonPath: "linux.netDevices",
    problem: "needs network in linux.namespaces: interfaces are moved into it",
  },
});

testPasses({
  "a namespace that is joined, and an empty path for a new one": [
    namespaces("ipc", { type: "ipc", path: "/proc/1/ns/ipc" }, { type: "time", path: "" }),
  ],
  "a user namespace that is joined, without mappings": [
    namespaces("", { type: "user", path: "/proc/1/ns/user" }),
  ],
  "empty lists that need no namespace": [
    namespaces("mount"),
    ["linux.maskedPaths", []],
    ["linux.uidMappings", []],
    ["linux.netDevices", {}],
  ],
});
