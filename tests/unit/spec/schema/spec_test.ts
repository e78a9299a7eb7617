/** Each part of config.json with values that the schema refuses; what it accepts is in the samples and below. */
import { assertEquals } from "@std/assert";
import { checkSpec } from "../../../../runtime/spec/checks/checks.ts";
import { parseSpec } from "../../../../runtime/config/load.ts";
import {
  DEVICE_TYPES,
  MEMORY_POLICY_MODES,
  NAMESPACE_TYPES,
  PERSONALITY_DOMAINS,
  ROOTFS_PROPAGATIONS,
} from "../../../../runtime/spec/spec_linux.ts";
import { IO_PRIORITY_CLASSES, SCHEDULER_FLAGS } from "../../../../runtime/spec/spec_process.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHITECTURES,
  SECCOMP_OPERATORS,
} from "../../../../runtime/spec/spec_seccomp.ts";
import { assertSpecRejection, change } from "../config.ts";
import { FULL_CONFIG } from "../full_config.ts";

const INTEGER = (minimum: number | string, maximum: number | string, got: string) =>
  `expected an integer from ${minimum} to ${maximum}, got ${got}`;
const UINT32 = (got: string) => INTEGER(0, 4294967295, got);
const UINT64 = (got: string) => INTEGER(0, "18446744073709551615", got);
const INT64 = (got: string) => INTEGER("-9223372036854775808", "9223372036854775807", got);
const TYPE = (expected: string, got: string) => `expected ${expected}, got ${got}`;
const WORD = (words: readonly string[], got: string) =>
  `expected one of ${words.join(", ")}, got "${got}"`;

/** The value put at a path of a valid config, and the problem that the schema has with it there. */
const BAD: readonly (readonly [jsonPath: string, value: unknown, problem: string])[] = [
  ["ociVersion", 1, TYPE("string", "number")],
  ["ociVersion", undefined, "is required"],
  ["root", "rootfs", TYPE("object", "string")],
  ["root.path", undefined, "is required"],
  ["root.readonly", "yes", TYPE("boolean", "string")],
  ["hostname", 5, TYPE("string", "number")],
  ["domainname", {}, TYPE("string", "object")],
  ["mounts", {}, TYPE("array", "object")],
  ["mounts[0]", "/proc", TYPE("object", "string")],
  ["mounts[0].destination", undefined, "is required"],
  ["mounts[0].options", "ro", TYPE("array", "string")],
  ["mounts[1].options[1]", 7, TYPE("string", "number")],
  ["mounts[1].uidMappings[0].size", undefined, "is required"],
  ["annotations.a", 1, TYPE("string", "number")],
  ["annotations", [], TYPE("object", "array")],
  ["hooks", [], TYPE("object", "array")],
  ["hooks.prestart", {}, TYPE("array", "object")],
  ["hooks.createRuntime[0].path", undefined, "is required"],
  ["hooks.poststop[0].timeout", 0, INTEGER(1, 2147483647, "0")],
  ["process", [], TYPE("object", "array")],
  ["process.cwd", undefined, "is required"],
  ["process.terminal", 1, TYPE("boolean", "number")],
  ["process.consoleSize.height", 65536, INTEGER(0, 65535, "65536")],
  ["process.args", "sh", TYPE("array", "string")],
  ["process.env[0]", { A: "b" }, TYPE("string", "object")],
  ["process.user.uid", -1, UINT32("-1")],
  ["process.user.gid", 4294967296, UINT32("4294967296")],
  ["process.user.additionalGids[0]", "wheel", UINT32('"wheel"')],
  ["process.user.umask", "022", UINT32('"022"')],
  ["process.rlimits[0].type", "NOFILE", 'expected a name such as RLIMIT_NOFILE, got "NOFILE"'],
  ["process.rlimits[0].soft", -1, UINT64("-1")],
  ["process.rlimits[0].hard", 1.5, UINT64("1.5")],
  ["process.rlimits[0].hard", undefined, "is required"],
  ["process.capabilities", ["CAP_KILL"], TYPE("object", "array")],
  ["process.capabilities.bounding[0]", 5, TYPE("string", "number")],
  ["process.noNewPrivileges", "true", TYPE("boolean", "string")],
  ["process.oomScoreAdj", 1e10, INTEGER(-2147483648, 2147483647, "10000000000")],
  ["process.scheduler.policy", undefined, "is required"],
  ["process.scheduler.flags[0]", "RESET", WORD(SCHEDULER_FLAGS, "RESET")],
  ["process.ioPriority.class", "RT", WORD(IO_PRIORITY_CLASSES, "RT")],
  ["process.execCPUAffinity.initial", "a-b", 'expected a CPU list such as 0-3,7, got "a-b"'],
  ["linux", [], TYPE("object", "array")],
  ["linux.namespaces[0].type", "mnt", WORD(NAMESPACE_TYPES, "mnt")],
  ["linux.namespaces[0].path", 4026531836, TYPE("string", "number")],
  ["linux.uidMappings[0].size", -1, UINT32("-1")],
  ["linux.gidMappings[0].hostID", undefined, "is required"],
  ["linux.devices[0].type", "char", WORD(DEVICE_TYPES, "char")],
  ["linux.devices[0].path", undefined, "is required"],
  ["linux.devices[0].major", -1, UINT32("-1")],
  ["linux.netDevices.eth0.name", 0, TYPE("string", "number")],
  ["linux.rootfsPropagation", "rpriv", WORD(ROOTFS_PROPAGATIONS, "rpriv")],
  ["linux.sysctl.a", 1, TYPE("string", "number")],
  ["linux.maskedPaths[0]", false, TYPE("string", "boolean")],
  ["linux.readonlyPaths", "/proc", TYPE("array", "string")],
  ["linux.intelRdt.memBwSchema", "L3:0", 'expected one line that begins with MB:, got "L3:0"'],
  ["linux.memoryPolicy.mode", "BIND", WORD(MEMORY_POLICY_MODES, "BIND")],
  ["linux.personality.domain", "BSD", WORD(PERSONALITY_DOMAINS, "BSD")],
  ["linux.timeOffsets.boottime.secs", "1", INT64('"1"')],
  ["linux.seccomp.defaultAction", undefined, "is required"],
  ["linux.seccomp.defaultAction", "ALLOW", WORD(SECCOMP_ACTIONS, "ALLOW")],
  ["linux.seccomp.architectures[0]", "x86_64", WORD(SECCOMP_ARCHITECTURES, "x86_64")],
  ["linux.seccomp.syscalls[0].names", [], "needs at least 1 item, has 0"],
  ["linux.seccomp.syscalls[0].action", undefined, "is required"],
  ["linux.seccomp.syscalls[0].args[0].op", "EQ", WORD(SECCOMP_OPERATORS, "EQ")],
  ["linux.seccomp.syscalls[0].args[0].value", -1, UINT64("-1")],
  ["linux.resources.devices[0].allow", "yes", TYPE("boolean", "string")],
  ["linux.resources.devices[0].major", -2, INTEGER(-1, 4294967295, "-2")],
  ["linux.resources.memory.limit", "64m", INT64('"64m"')],
  ["linux.resources.cpu.shares", -1, UINT64("-1")],
  ["linux.resources.cpu.cpus", 3, TYPE("string", "number")],
  ["linux.resources.blockIO.weight", 65536, INTEGER(0, 65535, "65536")],
  ["linux.resources.blockIO.throttleReadBpsDevice[0].minor", undefined, "is required"],
  [
    "linux.resources.hugepageLimits[0].pageSize",
    "02MB",
    'expected a page size such as 64KB, 2MB or 1GB, got "02MB"',
  ],
  ["linux.resources.network.priorities[0].name", undefined, "is required"],
  ["linux.resources.rdma.mlx5.hcaHandles", -1, UINT32("-1")],
  ["linux.resources.unified.x", 1, TYPE("string", "number")],
];

for (const [jsonPath, value, problem] of BAD) {
  Deno.test(`parseSpec() refuses ${JSON.stringify(value) ?? "nothing"} at ${jsonPath}`, async () => {
    const text = JSON.stringify(change(FULL_CONFIG, [jsonPath, value]));
    await assertSpecRejection(() => parseSpec(text), jsonPath, problem);
  });
}

Deno.test("parseSpec() and checkSpec() accept a config with every property", async () => {
  const spec = await parseSpec(JSON.stringify(FULL_CONFIG));
  assertEquals<unknown>(spec, FULL_CONFIG);
  const ignored = "is ignored: Linux no longer limits it separately, and memory.limit includes it";
  assertEquals(checkSpec(spec), [
    `linux.resources.memory.kernel: ${ignored}`,
    `linux.resources.memory.kernelTCP: ${ignored}`,
  ]);
});

Deno.test("parseSpec() needs ociVersion and nothing else", async () => {
  assertEquals(await parseSpec('{"ociVersion": "1.0.0"}'), { ociVersion: "1.0.0" });
});
