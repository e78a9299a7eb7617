/** What an image may do to the runtime's files in its root, and to the microVM's settings: CVE-2025-24965. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { LibkrunDouble } from "../doubles/libkrun/build.ts";
import { type JsonObject, mergeJson } from "../../scripts/sample/bundle.ts";
import { runOk } from "../harness/run.ts";
import { UNRESTRICTED } from "../harness/unrestricted.ts";
import { attack, plantLink, PRECIOUS } from "./attack.ts";

const CONFIG = ".krun_config.json";
const ECHO = { args: ["/bin/echo", "from the spec"] };
/** With the agent there is no such file. */
const WITHOUT_AGENT = { ...ECHO, annotations: { "krun.agent": "0" }, config: UNRESTRICTED };
const VM = ["microVM"] as const;

for (
  const [what, plant] of Object.entries({
    "a link to the host": (path: string, file: string) => plantLink(`../../../../..${file}`, path),
    "an absolute link": (path: string, file: string) => plantLink(file, path),
    "a dangling link": (path: string, file: string) => plantLink(`${file}.new`, path),
    "a hard link": (path: string, file: string) => Deno.link(file, path),
    "a FIFO": (path: string) => runOk("mkfifo", [path]).then(() => {}),
    "a device": (path: string) => runOk("mknod", [path, "c", "1", "7"]).then(() => {}),
    "a file of the image's": (path: string) =>
      Deno.writeTextFile(path, '{"process":{"args":["/bin/echo","from the image"],"env":[]}}'),
  })
) {
  attack(
    `${what} at ${CONFIG} is replaced, never followed, opened or obeyed`,
    () => WITHOUT_AGENT,
    async ({ rootfs, victim, run }) => {
      const path = `${rootfs}/${CONFIG}`;
      await plant(path, victim.file);
      const { code, stdout, stderr } = await run();
      assertEquals([code, stdout], [0, "from the spec\n"], stderr);
      const info = await Deno.lstat(path);
      assertEquals([info.isFile, info.nlink, info.mode! & 0o777], [true, 1, 0o600]);
      assertEquals(await Deno.readTextFile(victim.file), PRECIOUS);
      // The victim's link count is compared, too.
      await Deno.remove(path);
    },
    VM,
  );
}

attack(
  `a folder at ${CONFIG} is refused, and nothing is left beside it`,
  () => WITHOUT_AGENT,
  async ({ rootfs, kago, run }) => {
    await Deno.mkdir(`${rootfs}/${CONFIG}/full`, { recursive: true });
    const { code, stdout, stderr } = await run();
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, CONFIG);
    const names = [...Deno.readDirSync(rootfs)].map(({ name }) => name);
    assertEquals(names.filter((name) => name.startsWith(CONFIG)), [CONFIG]);
    assertEquals(kago.cgroups(), []);
  },
  VM,
);

attack(
  "a .krun_vm.json of the image's own overrules no annotation, and chooses nothing of the host's",
  () => ({
    ...ECHO,
    annotations: { "krun.cpus": "2", "krun.ram_mib": "256" },
  }),
  async ({ rootfs, victim, double, run }) => {
    const host = { flavor: "sev", gpu_flags: 1, nested_virt: true, kernel_path: victim.file };
    const wishes = { cpus: 16, ram_mib: 9999, kernel_format: 0, ...host };
    await Deno.writeTextFile(`${rootfs}/.krun_vm.json`, JSON.stringify(wishes));
    const { code, stderr } = await run();
    assertEquals(code, 0, stderr);
    const calls = double!.calls();
    const config = calls.findLast(({ call }) => call === "krun_set_vm_config");
    assertEquals(config?.args.slice(-2), [2, 256]);
    const others = ["krun_set_kernel", "krun_set_gpu_options", "krun_set_nested_virt"];
    assertEquals(calls.filter(({ call }) => others.includes(call)), []);
  },
  VM,
);

attack(
  "the image's environment and libraries do not reach the VMM's loader",
  ({ folder }) => ({
    args: ["/bin/true"],
    env: ["LD_PRELOAD=/evil.so", `LD_LIBRARY_PATH=/lib`, `KAGO_CHANNELS=0,1,2,${folder.length}`],
  }),
  async ({ rootfs, run }) => {
    await Deno.mkdir(`${rootfs}/lib`);
    for (const path of ["evil.so", "lib/libkrun.so.1", "lib/libkrunfw.so.5", "lib/libc.so.6"]) {
      await Deno.writeTextFile(`${rootfs}/${path}`, "no library at all");
    }
    const { code, stderr } = await run();
    assertEquals([code, stderr], [0, ""]);
  },
  VM,
);

attack(
  "an image cannot switch the agent off by a tag, and so get rid of what config.json asks for",
  () => ECHO,
  async ({ rootfs, double, run }) => {
    await Deno.writeTextFile(`${rootfs}/.krun_vm.json`, '{"virtiofs_tag":"/dev/root"}');
    const { code, stdout, stderr } = await run();
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, ".krun_vm.json: virtiofs_tag: needs the permission of the host's");
    assertEquals(entered(double!), 0);
  },
  VM,
);

/** How many guests were booted. */
function entered(double: LibkrunDouble): number {
  return double.calls().filter(({ call }) => call === "krun_start_enter").length;
}

for (
  const [field, config] of Object.entries<JsonObject>({
    "process.user.uid": { process: { user: { uid: 1000, gid: 0 } } },
    "process.capabilities.bounding": { process: { capabilities: { bounding: ["CAP_KILL"] } } },
    "process.noNewPrivileges": { process: { noNewPrivileges: true } },
    "process.rlimits": { process: { rlimits: [{ type: "RLIMIT_CORE", hard: 0, soft: 0 }] } },
    "linux.maskedPaths[0]": { linux: { maskedPaths: ["/proc/kcore"] } },
    "linux.readonlyPaths[0]": { linux: { readonlyPaths: ["/proc/sys"] } },
  })
) {
  attack(
    `a microVM without the agent is refused with ${field}, which nothing else would enforce`,
    () => ({ ...WITHOUT_AGENT, config: mergeJson(UNRESTRICTED, config) }),
    async ({ double, run }) => {
      const { code, stderr } = await run();
      assertEquals(code, 1);
      assertStringIncludes(stderr, `${field}: is enforced in a guest by kago's agent`);
      assertEquals(entered(double!), 0);
    },
    VM,
  );
}

for (
  const [name, value] of [
    ["krun.nested_virt", "1"],
    ["krun.tap_name", "tap0"],
    ["krun.gpu_flags", "64"],
    ["krun.custom_kernel", "1"],
  ] as const
) {
  attack(
    `${name} of an image or a pod opens nothing of the host without the administrator's permission`,
    () => ({ ...ECHO, annotations: { [name]: value } }),
    async ({ double, run }) => {
      const { code, stderr } = await run();
      assertEquals(code, 1);
      assertStringIncludes(stderr, `--allow-annotation ${name}, or list it in allowAnnotations of`);
      assertEquals(double!.calls(), []);
    },
    VM,
  );
}
