/**
 * The administrator's defaults of microVMs, from /etc/kago/microvm.json to libkrun's calls, against the double. That the file
 * must be root's alone is tests/security/library_trust_test.ts's. Needs root.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import {
  buildLibkrunDouble,
  type DoubleOptions,
  type LibkrunDouble,
} from "../doubles/libkrun/build.ts";
import { runUnder } from "../harness/administrator.ts";
import { Kago } from "../harness/kago.ts";

const FILE = "/etc/kago/microvm.json";
const KRUN = { "run.oci.handler": "krun" };

/** `run` of a microVM on a double, under a file that names it. */
async function runMicrovm(
  keys: Readonly<Record<string, unknown>>,
  bundle: BundleOptions = {},
  options: DoubleOptions = {},
): Promise<{ code: number; stderr: string; calls: string[] }> {
  using double = await buildLibkrunDouble(options);
  const text = JSON.stringify({ libkrun: double.path, ...keys });
  const annotations = { ...KRUN, ...bundle.annotations };
  let result;
  await Kago.with({ args: ["/bin/true"], ...bundle, annotations }, async (kago) => {
    Deno.writeTextFileSync(`${kago.bundle.rootfs}/disk.img`, "x");
    result = await runUnder(kago, text);
  });
  return { ...result!, calls: callsOf(double) };
}

function callsOf(double: LibkrunDouble): string[] {
  return double.calls().map(({ call, args }) => `${call}(${args.slice(1).join(", ")})`);
}

Deno.test("what the administrator's file says reaches libkrun, where no annotation says otherwise", async () => {
  const keys = { cpus: 3, ramMib: 300, logLevel: 0, disks: ["/disk.img:ro"], daxWindow: 4096 };
  const { code, stderr, calls } = await runMicrovm(keys, { annotations: { "krun.cpus": "2" } });
  assertEquals([code, stderr], [0, ""]);
  assert(calls.includes("krun_set_vm_config(2, 300)"), calls.join("\n"));
  assert(
    calls.some((call) => /^krun_add_disk2\(disk0, .*\/disk.img, 0, 1\)$/.test(call)),
    calls.join("\n"),
  );
  assert(calls.some((call) => /^krun_add_virtiofs2\(kago, .*4096\)$/.test(call)), calls.join("\n"));
});

Deno.test("the administrator's network none takes a guest's sockets away, wherever its container is", async () => {
  const types = ["mount", "pid", "uts", "ipc", "cgroup"] as const;
  const sharesNetwork = { linux: { namespaces: types.map((type) => ({ type })) } };
  const taken = (calls: string[]) => calls.some((call) => call.startsWith("krun_disable_implicit"));
  const none = await runMicrovm({ network: "none" }, { config: sharesNetwork });
  assertEquals([none.code, none.stderr, taken(none.calls)], [0, "", true]);
  const tsi = await runMicrovm({ network: "tsi" }, { config: sharesNetwork });
  assertEquals([tsi.code, tsi.stderr, taken(tsi.calls)], [0, "", false]);
});

Deno.test("the administrator's passt is not started for a container without a network, which runs isolated", async () => {
  const { code, stderr, calls } = await runMicrovm({ network: "passt" });
  assertEquals([code, stderr], [0, ""]);
  assert(calls.some((call) => call.startsWith("krun_disable_implicit_vsock(")), calls.join("\n"));
  assert(!calls.some((call) => call.startsWith("krun_add_net_unixstream(")), calls.join("\n"));
});

Deno.test("a libkrun without network cards is refused with the key of the administrator's file", async () => {
  const { code, stderr } = await runMicrovm({ network: "passt" }, {}, { hasFeature: 0 });
  assertEquals(code, 1);
  assertStringIncludes(stderr, `${FILE}: network: this libkrun was built without the feature net`);
});

Deno.test("the administrator's kernel is loaded in place of the one beside libkrun", async () => {
  using other = await buildLibkrunDouble();
  const kernel = `${other.dir}/libkrunfw.so.5`;
  const { code, stderr } = await runMicrovm({ kernel });
  assertEquals([code, stderr], [0, ""]);
  const missing = await runMicrovm({ kernel: "/opt/nowhere/libkrunfw.so.5" });
  assertEquals(missing.code, 1);
  const words = `${FILE}: kernel: /opt/nowhere/libkrunfw.so.5 does not exist`;
  assertStringIncludes(missing.stderr, words);
});

Deno.test("plan and doctor tell what is in force, and who says so", async () => {
  const text = JSON.stringify({ cpus: 3, ramMib: 300 });
  const annotations = { ...KRUN, "krun.cpus": "2" };
  await Kago.with({ args: ["/bin/true"], annotations }, async (kago) => {
    const command = ["plan", "-b", kago.bundle.path];
    const { stdout } = await runUnder(kago, text, { command });
    assertStringIncludes(stdout, 'cpus           2  # annotations["krun.cpus"]');
    assertStringIncludes(stdout, `ram            300 MiB  # ${FILE}: ramMib`);
    assertStringIncludes(stdout, "network        tsi  # default");
    const doctor = await runUnder(kago, text, { command: ["doctor", "--json"] });
    const findings: { subject: string; detail: string }[] = JSON.parse(doctor.stdout).findings;
    const detail = (wanted: string) =>
      findings.find(({ subject }) => subject === wanted)?.detail ?? "";
    assertEquals(detail(FILE), "cpus 3; ram 300 MiB");
    assertStringIncludes(detail("defaults"), "log level 1; network tsi;");
    const broken = await runUnder(kago, '{"cpus":99}', { command: ["doctor"] });
    const words = `${FILE}: cpus: expected an integer from 1 to 16, got 99`;
    assertStringIncludes(broken.stdout, words);
    const refused = await runUnder(kago, '{"cpus":99}');
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, `${words}; correct the file, or remove it`);
  });
});

Deno.test("a plain container does not read the administrator's file", async () => {
  await Kago.with({ args: ["/bin/true"] }, async (kago) => {
    const { code, stderr } = await runUnder(kago, "not JSON");
    assertEquals([code, stderr], [0, ""]);
  });
});
