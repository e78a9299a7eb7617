/** The containers in which the runtimes' `exec` are compared, as additions to a default bundle's config.json. */
import type { JsonObject } from "../../../scripts/sample/bundle.ts";

const namespaces = (...types: string[]) => types.map((type) => ({ type }));

const IDS = [{ containerID: 0, hostID: 100000, size: 65536 }];
const SOME_CAPABILITIES = ["CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_CHOWN"];

export const CONTAINERS: Readonly<Record<string, JsonObject>> = {
  default: {},
  "a user's": {
    process: {
      user: { uid: 1000, gid: 1000, umask: 0o27, additionalGids: [10, 20] },
      cwd: "/tmp",
      env: ["PATH=/bin", "A=1", "B=two words", "TERM=xterm", "A=last"],
      oomScoreAdj: 500,
      noNewPrivileges: false,
      capabilities: {
        bounding: SOME_CAPABILITIES,
        effective: ["CAP_KILL"],
        permitted: ["CAP_KILL", "CAP_CHOWN"],
        inheritable: ["CAP_KILL"],
        ambient: ["CAP_KILL"],
      },
      rlimits: [
        { type: "RLIMIT_NOFILE", soft: 200, hard: 300 },
        { type: "RLIMIT_CORE", soft: 0, hard: 0 },
      ],
    },
  },
  "with a user namespace": {
    linux: {
      namespaces: namespaces("pid", "network", "ipc", "uts", "mount", "user"),
      uidMappings: IDS,
      gidMappings: IDS,
    },
  },
  "with the host's processes": {
    linux: { namespaces: namespaces("network", "ipc", "uts", "mount") },
  },
  "with the host's network and names": {
    hostname: undefined,
    linux: { namespaces: namespaces("pid", "mount") },
  },
  "with seccomp": {
    linux: {
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
      },
    },
  },
  "with seccomp and more rights": {
    process: { noNewPrivileges: false },
    linux: {
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
      },
    },
  },
  "with a read-only root": { root: { readonly: true } },
};
