/** Variations of `process`: its identity, its rights, and its initial state. */
import { ALONE, type Variation, variations } from "./variation.ts";

export const PROCESS_VARIATIONS: readonly Variation[] = [
  ...variations("user", {
    "uid 1000": ({ process }) => process.user = { uid: 1000, gid: 1000 },
    "additionalGids": ({ process }) =>
      process.user = { uid: 1000, gid: 1000, additionalGids: [10, 20, 30] },
    "root with groups": ({ process }) => process.user = { uid: 0, gid: 0, additionalGids: [0, 7] },
    "uid unknown to passwd": ({ process }) => process.user = { uid: 4242, gid: 4343 },
    "umask 027": ({ process }) => process.user = { uid: 0, gid: 0, umask: 0o27 },
    "umask 0": ({ process }) => process.user = { uid: 1000, gid: 0, umask: 0 },
  }),
  ...variations("capabilities", {
    "none": ({ process }) =>
      process.capabilities = { bounding: [], effective: [], permitted: [], inheritable: [] },
    "absent": ({ process }) => delete process.capabilities,
    "bounding only": ({ process }) => process.capabilities = { bounding: ["CAP_KILL"] },
    "inheritable": ({ process }) => process.capabilities!.inheritable = ["CAP_KILL"],
    "ambient": ({ process }) => {
      process.capabilities!.inheritable = ["CAP_KILL", "CAP_AUDIT_WRITE"];
      process.capabilities!.ambient = ["CAP_KILL"];
    },
    "effective less than permitted": ({ process }) => process.capabilities!.effective = [],
    "many": ({ process }) => {
      const many = "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP MKNOD SYS_CHROOT"
        .split(" ").map((name) => `CAP_${name}`);
      process.capabilities = { bounding: many, effective: many, permitted: many };
    },
  }),
  ...variations("rlimits", {
    "absent": ({ process }) => delete process.rlimits,
    "soft below hard": ({ process }) =>
      process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 256, hard: 512 }],
    "several": ({ process }) =>
      process.rlimits = [
        { type: "RLIMIT_CORE", soft: 0, hard: 0 },
        { type: "RLIMIT_FSIZE", soft: 1 << 30, hard: 1 << 30 },
        { type: "RLIMIT_MEMLOCK", soft: 65536, hard: 65536 },
        { type: "RLIMIT_STACK", soft: 8 << 20, hard: 8 << 20 },
      ],
  }),
  ...variations("env", {
    "absent": ({ process }) => {
      delete process.env;
      process.args[0] = "/bin/sh";
    },
    "without PATH": ({ process }) => {
      process.env = ["A=1"];
      process.args[0] = "/bin/sh";
    },
    "with HOME": ({ process }) => process.env!.push("HOME=/tmp", "TERM=xterm"),
    "empty HOME": ({ process }) => process.env!.push("HOME="),
    "empty and odd values": ({ process }) =>
      process.env!.push("EMPTY=", "EQ=a=b", "QUOTES=\"a\" 'b'", "UTF=größe", "SPACE= a  b "),
    "a name twice": ({ process }) => process.env!.push("TWICE=1", "TWICE=2"),
    "PATH finds nothing first": ({ process }) => process.env = ["PATH=/nowhere:/bin", "Z=1"],
  }),
  ...variations("cwd", {
    "relative": ({ process }) => process.cwd = "usr",
  }, ALONE),
  ...variations("cwd", {
    "missing": ({ process }) => process.cwd = "/missing",
    "deeply missing": ({ process }) => process.cwd = "/missing/a/b",
    "/tmp": ({ process }) => process.cwd = "/tmp",
    "with a trailing slash": ({ process }) => process.cwd = "/usr/",
    "in a new mount": (config) => {
      config.mounts.push({ destination: "/new", type: "tmpfs", source: "tmpfs" });
      config.process.cwd = "/new/here";
    },
  }),
  ...variations("args", {
    "program missing": ({ process }) => process.args = ["no-such-program"],
    "not executable": ({ process }) => process.args = ["/etc/passwd"],
  }, ALONE),
  ...variations("args", {
    "odd words": ({ process }) => process.args.push("", "a b", '"', "größe"),
    "absolute": ({ process }) => process.args[0] = "/bin/sh",
    "relative to cwd": ({ process }) => process.args[0] = "./bin/sh",
  }),
  ...variations("oomScoreAdj", {
    "0": ({ process }) => process.oomScoreAdj = 0,
    "500": ({ process }) => process.oomScoreAdj = 500,
    "1000": ({ process }) => process.oomScoreAdj = 1000,
  }),
  ...variations("noNewPrivileges", {
    "false": ({ process }) => process.noNewPrivileges = false,
    "absent": ({ process }) => delete process.noNewPrivileges,
  }),
];
