import { assertEquals } from "@std/assert";
import {
  type ProcessFlags,
  processOfFile,
  processOfFlags,
} from "../../../runtime/tenant/process.ts";
import type { Process } from "../../../runtime/spec/spec.ts";

const CONTAINER: Process = {
  cwd: "/home",
  args: ["init"],
  env: ["PATH=/bin"],
  terminal: true,
  user: { uid: 1, gid: 2, umask: 0o77, additionalGids: [3] },
  capabilities: { bounding: ["CAP_KILL"], permitted: ["CAP_KILL"] },
  rlimits: [{ type: "RLIMIT_NOFILE", soft: 1, hard: 2 }],
  noNewPrivileges: true,
  apparmorProfile: "box",
  oomScoreAdj: 100,
  ioPriority: { class: "IOPRIO_CLASS_IDLE" },
};

const FLAGS: ProcessFlags = {
  args: ["ls"],
  env: [],
  additionalGids: [],
  capabilities: [],
  noNewPrivileges: false,
  terminal: false,
};

Deno.test("processOfFlags() is the container's process with another command and no terminal", () => {
  assertEquals(processOfFlags(FLAGS, CONTAINER), {
    ...CONTAINER,
    args: ["ls"],
    terminal: false,
  });
});

Deno.test("processOfFlags() takes all that the command line says", () => {
  const process = processOfFlags({
    args: ["ls"],
    env: ["A=1"],
    cwd: "/",
    user: { uid: 9, gid: 9 },
    additionalGids: [4],
    capabilities: ["CAP_CHOWN", "CAP_KILL"],
    apparmorProfile: "other",
    selinuxLabel: "label",
    noNewPrivileges: true,
    terminal: true,
  }, { cwd: "/home", args: ["init"], capabilities: { bounding: ["CAP_KILL"] } });
  assertEquals(process, {
    args: ["ls"],
    env: ["A=1"],
    cwd: "/",
    user: { uid: 9, gid: 9, additionalGids: [4] },
    capabilities: {
      bounding: ["CAP_KILL", "CAP_CHOWN"],
      effective: ["CAP_CHOWN", "CAP_KILL"],
      permitted: ["CAP_CHOWN", "CAP_KILL"],
      ambient: ["CAP_CHOWN", "CAP_KILL"],
    },
    apparmorProfile: "other",
    selinuxLabel: "label",
    noNewPrivileges: true,
    terminal: true,
  });
});

Deno.test("processOfFlags() adds to no inheritable set (CVE-2022-29162)", () => {
  const { capabilities } = processOfFlags({ ...FLAGS, capabilities: ["CAP_CHOWN"] }, {
    cwd: "/",
    capabilities: { inheritable: [] },
  });
  assertEquals(capabilities?.inheritable, []);
});

Deno.test("processOfFile() is confined as the container where the file does not say", () => {
  assertEquals(processOfFile({ cwd: "/", args: ["ls"] }, CONTAINER), {
    cwd: "/",
    args: ["ls"],
    user: { umask: 0o77 },
    capabilities: CONTAINER.capabilities,
    rlimits: CONTAINER.rlimits,
    apparmorProfile: "box",
    oomScoreAdj: 100,
    ioPriority: { class: "IOPRIO_CLASS_IDLE" },
  });
});

Deno.test("processOfFile() takes the file's word over the container's", () => {
  const file: Process = {
    cwd: "/",
    args: ["ls"],
    user: { uid: 7, umask: 0 },
    capabilities: {},
    rlimits: [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }],
    apparmorProfile: "other",
    oomScoreAdj: 0,
    ioPriority: { class: "IOPRIO_CLASS_BE" },
    noNewPrivileges: false,
  };
  assertEquals(processOfFile(file, CONTAINER), file);
});
