/**
 * Builds what the product carries in machine code: the shim, and inside it the static stage and the VMM's program, which
 * carries the guest agent. Writes the shim into ffi/embedded.gen.ts together with the version. Owns the compilers' flags and
 * the division of the sources.
 */
import { runCommand } from "./command.ts";
import { replaceFile, writeIfChanged } from "./output_file.ts";
import { BUILD, ROOT } from "./paths.ts";
import { makeIfChanged } from "./stamp.ts";
import { readVersion, type Version } from "./version.ts";

interface Helper {
  readonly result: string;
  readonly compiler: string;
  readonly flags: readonly string[];
  /** Files that it contains. */
  readonly embeds?: readonly string[];
  /** Which of the sources in helper-c, by their names there, it is made of. */
  readonly has: (name: string) => boolean;
}

const COMMON = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"];

/** Those of the sources that only the shim has. */
const SHIM_SOURCES = [
  "ask_agent.c",
  "device_filter.c",
  "dispatch.c",
  "foreground.c",
  "kvm_probe.c",
  "net_device.c",
  "netlink.c",
  "notify.c",
  "oom_watch.c",
  "remove_tree.c",
  "shim_mounts.c",
  "spawn.c",
  "stage_image.c",
  "terminal_relay.c",
  "vmm_image.c",
];

/** Those that only the VMM has. */
const VMM_SOURCES = ["agent_image.c", "threads.c"];

/** Those that both have. */
const HOST_SOURCES = ["root_file.c", "shim.c"];

/** The operations, and what they need. */
function isShared(name: string): boolean {
  const others = ["stage.c", ...SHIM_SOURCES, ...VMM_SOURCES, ...HOST_SOURCES];
  return !name.includes("/") && !others.includes(name);
}

/** Executed where no library of the host can be relied on, hence static. */
const STAGE: Helper = {
  result: `${BUILD}/helpers/stage`,
  compiler: "musl-gcc",
  flags: [...COMMON, "-Os", "-static"],
  has: (name) => name === "stage.c" || isShared(name),
};

/** The first program in a microVM: as small as it gets, and of the operations only those that a guest needs. */
const AGENT: Helper = {
  result: `${BUILD}/helpers/agent`,
  compiler: "musl-gcc",
  flags: [
    ...COMMON,
    "-Os",
    "-static",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wl,--gc-sections",
    "-Wl,-z,noseparate-code",
  ],
  has: (name) => name.startsWith("agent/") || (isShared(name) && name !== "operations.c"),
};

/** What the Init of a microVM becomes. It loads libkrun, so it cannot be static. */
const VMM: Helper = {
  result: `${BUILD}/helpers/vmm`,
  /** It carries the agent (agent_image.c). */
  embeds: [AGENT.result],
  compiler: "cc",
  flags: [
    ...COMMON,
    "-O2",
    "-fPIE",
    "-pie",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wl,--gc-sections",
    "-Wl,-z,relro,-z,now",
    "-pthread",
    `-DAGENT_FILE="${AGENT.result}"`,
  ],
  has: (name) =>
    name.startsWith("vmm/") || VMM_SOURCES.includes(name) || HOST_SOURCES.includes(name) ||
    isShared(name),
};

/** Loaded into the Deno process with Deno.dlopen. */
const SHIM: Helper = {
  result: `${BUILD}/helpers/shim.so`,
  /** It carries the programs (stage_image.c, vmm_image.c). */
  embeds: [STAGE.result, VMM.result],
  compiler: "cc",
  flags: [
    ...COMMON,
    "-O2",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-Wl,-z,defs",
    "-Wl,-z,relro,-z,now",
    `-DSTAGE_FILE="${STAGE.result}"`,
    `-DVMM_FILE="${VMM.result}"`,
  ],
  has: (name) => SHIM_SOURCES.includes(name) || HOST_SOURCES.includes(name) || isShared(name),
};

const SOURCES = `${ROOT}/helper-c`;

/** The module that carries the helpers into the bundle; not in git. */
const EMBEDDED = `${ROOT}/ffi/embedded.gen.ts`;

/**
 * Compiles what has changed and brings ffi/embedded.gen.ts up to date.
 * @returns the path of the shim.
 * @throws {CommandError} with the compiler's messages, {HostError} when a compiler is not installed.
 */
export async function buildHelpers(): Promise<{ readonly shim: string }> {
  const files = await listSources();
  await compile(STAGE, files);
  await compile(AGENT, files);
  await compile(VMM, files);
  await compile(SHIM, files);
  const module = formatEmbedded(await readVersion(), await Deno.readFile(SHIM.result));
  await writeIfChanged(EMBEDDED, module);
  return { shim: SHIM.result };
}

/** The text of ffi/embedded.gen.ts; the shim is in base64 (RFC 4648, padded). */
export function formatEmbedded(
  version: Version,
  shim: Uint8Array<ArrayBuffer>,
): string {
  return `// Written by scripts/build/helpers.ts: the shim in machine code, and what the product calls itself.
export const VERSION = ${JSON.stringify(version.version)};
export const COMMIT = ${JSON.stringify(version.commit)};
export const SHIM_BASE64 = "${shim.toBase64()}";
`;
}

async function compile(helper: Helper, files: readonly string[]): Promise<void> {
  const sources = files.filter((name) => name.endsWith(".c") && helper.has(name))
    .map((name) => `${SOURCES}/${name}`);
  const headers = files.filter((name) => name.endsWith(".h")).map((name) => `${SOURCES}/${name}`);
  const recipe = [helper.compiler, ...helper.flags];
  const inputs = [...sources, ...headers, ...helper.embeds ?? []];
  await makeIfChanged(helper.result, inputs, recipe, async () => {
    await replaceFile(helper.result, 0o755, async (temporary) => {
      await runCommand(helper.compiler, [...helper.flags, "-o", temporary, ...sources]);
      await runCommand("strip", [temporary]);
    });
  });
}

/** The names of the C files and headers in helper-c and its folders agent and vmm, sorted. */
async function listSources(): Promise<string[]> {
  const names: string[] = [];
  for (const folder of ["", "agent/", "vmm/"]) {
    for await (const { name } of Deno.readDir(`${SOURCES}/${folder}`)) {
      if (/\.[ch]$/.test(name)) names.push(`${folder}${name}`);
    }
  }
  return names.sort();
}
