/**
 * Annotations and `.krun_vm.json` down to libkrun's calls, against the double, which records descriptors as what they are
 * open on. What needs hardware that no test machine has (SEV, Nitro, a GPU) is driven to the last call here. Needs root.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  buildLibkrunDouble,
  type DoubleOptions,
  type RecordedCall,
} from "../doubles/libkrun/build.ts";
import type { Bundle, BundleOptions } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";
import { withNetwork } from "../harness/network.ts";
import { UNRESTRICTED } from "../harness/unrestricted.ts";
import { isThere } from "../../runtime/common/files.ts";

interface Case extends BundleOptions {
  readonly double?: DoubleOptions;
  /** Annotations that the administrator allows. */
  readonly allow?: readonly string[];
  /** Fills the bundle's root. */
  readonly prepare?: (bundle: Bundle) => void;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Without the calls of every microVM. */
  readonly extras: readonly (readonly unknown[])[];
  readonly calls: readonly RecordedCall[];
  readonly rootfs: string;
}

const ALWAYS = [
  ...["krun_create_ctx", "krun_set_vm_config", "krun_set_root", "krun_set_log_level"],
  ...["krun_start_enter", "krun_disable_implicit_vsock", "krun_add_vsock"],
];

/** What the guest agent takes; tests/integration/libkrun_double_test.ts is about it. */
function isAgents({ call, args: [, ...args] }: RecordedCall): boolean {
  const words = ["kago", "/agent", "//agent.sock", "//streams.sock"];
  return args.some((arg) => words.includes(`${arg}`)) ||
    (/ (argv|envp)$/.test(call) && !args.length);
}

/** `kago run` of a microVM on a double. */
async function runCase(
  { double: options = {}, prepare, allow = [], ...bundle }: Case,
): Promise<Outcome> {
  using double = await buildLibkrunDouble(options);
  const annotations = { "run.oci.handler": "krun", ...bundle.annotations };
  let outcome: Outcome | undefined;
  await Kago.with({ args: ["/bin/true"], ...bundle, annotations }, async (kago) => {
    prepare?.(kago.bundle);
    kago.globals.push(...double.options, ...allow.flatMap((name) => ["--allow-annotation", name]));
    const result = await kago.foreground();
    const calls = double.calls().filter((call) => !isAgents(call));
    const extras = calls.filter(({ call }) => !ALWAYS.includes(call))
      .map(({ call, args }) => [call, ...args.slice(1)]);
    outcome = { ...result, calls, extras, rootfs: kago.bundle.rootfs };
  });
  return outcome!;
}

Deno.test("disks, sockets, console and ports reach libkrun as the container's own files", async () => {
  const outcome = await runCase({
    annotations: {
      "krun.disk": "/disk.img,/link.qcow2:qcow2:ro",
      "krun.vsock": "2000=/run/up.sock,listen:2001=/run/down.sock",
      "krun.console": "/var/console",
      "krun.port_map": "8080:80",
    },
    prepare: ({ rootfs }) => {
      Deno.writeTextFileSync(`${rootfs}/disk.img`, "x");
      Deno.writeTextFileSync(`${rootfs}/other`, "x");
      // Would be the host's /other, were it followed outside of the container's root.
      Deno.symlinkSync("../../../../other", `${rootfs}/link.qcow2`);
      Deno.writeTextFileSync(`${rootfs}/run/up.sock`, "");
    },
  });
  assertEquals(outcome.code, 0, outcome.stderr);
  assertEquals(outcome.extras, [
    ["krun_add_disk2", "disk0", "/disk.img", 0, 0],
    ["krun_add_disk2", "disk1", "/other", 1, 1],
    ["krun_set_port_map", "8080:80"],
    ["krun_add_vsock_port2", 2000, "/run/up.sock", 0],
    ["krun_add_vsock_port2", 2001, "/run/down.sock", 1],
    ["krun_set_console_output", "/var/console"],
    ["krun_add_virtio_console_multiport"],
    ["krun_add_console_port_inout", 3, "krun-stdin", 0, -1],
    ["krun_add_console_port_inout", 3, "krun-stdout", -1, 1],
    ["krun_add_console_port_inout", 3, "krun-stderr", -1, 2],
  ]);
});

Deno.test("a disk that the container does not have is refused by name", async () => {
  const { code, stderr } = await runCase({ annotations: { "krun.disk": "/etc/shadow" } });
  assertEquals(code, 1);
  assertMatch(stderr, /open \/etc\/shadow in \/: no such file or directory/);
});

Deno.test("an empty network namespace has no impersonated sockets, another one has", async () => {
  const vsock = (outcome: Outcome) =>
    outcome.calls.filter(({ call }) => call.includes("vsock")).map(({ call, args }) => [
      call,
      ...args.slice(1),
    ]);
  assertEquals(vsock(await runCase({})), [["krun_disable_implicit_vsock"], ["krun_add_vsock", 0]]);
  const annotations = { "krun.agent": "0" };
  const without = { double: { extras: false }, annotations, config: UNRESTRICTED };
  assertEquals(vsock(await runCase(without)), []);
  const namespaces = ["pid", "mount"].map((type) => ({ type }));
  assertEquals(vsock(await runCase({ config: { linux: { namespaces } } })), []);
});

Deno.test("a kernel of the image is taken when its user allows it", async () => {
  const prepare = ({ rootfs }: Bundle) => {
    Deno.mkdirSync(`${rootfs}/boot`);
    Deno.writeTextFileSync(`${rootfs}/boot/vmlinux`, "x");
    Deno.writeTextFileSync(`${rootfs}/boot/initrd`, "x");
    const fields = {
      kernel_path: "/boot/vmlinux",
      kernel_format: 1,
      initrd_path: "/boot/initrd",
      kernel_cmdline: "quiet",
      cpus: 2,
      ram_mib: 200,
    };
    Deno.writeTextFileSync(`${rootfs}/.krun_vm.json`, JSON.stringify(fields));
  };
  const allowed = await runCase({
    annotations: { "krun.custom_kernel": "1" },
    allow: ["krun.custom_kernel"],
    config: UNRESTRICTED,
    prepare,
  });
  assertEquals(allowed.code, 0, allowed.stderr);
  assertEquals(allowed.extras, [["krun_set_kernel", "/boot/vmlinux", 1, "/boot/initrd", "quiet"]]);
  const config = allowed.calls.find(({ call }) => call === "krun_set_vm_config");
  assertEquals(config?.args.slice(1), [2, 200]);
  assertEquals((await runCase({ prepare })).extras, []);
});

Deno.test("the image's virtiofs tag and window replace libkrun's own, with the administrator's permission", async () => {
  const { code, stderr, extras } = await runCase({
    allow: ["virtiofs_tag"],
    config: UNRESTRICTED,
    prepare: ({ rootfs }) => {
      const text = '{"virtiofs_tag":"myroot","virtiofs_shm_size":1048576,"nested_virt":1}';
      Deno.writeTextFileSync(`${rootfs}/.krun_vm.json`, text);
    },
  });
  assertEquals(code, 0, stderr);
  assertEquals(extras, [["krun_add_virtiofs2", "myroot", "/", 1048576]]);
  assertMatch(stderr, /\.krun_vm\.json: nested_virt is ignored: an image cannot set it/);
});

Deno.test("a hostile .krun_vm.json is refused before anything is made", async () => {
  const { code, stderr, calls } = await runCase({
    prepare: ({ rootfs }) => Deno.writeTextFileSync(`${rootfs}/.krun_vm.json`, '{"cpus":1e9}'),
  });
  assertEquals(code, 1);
  assertMatch(stderr, /\.krun_vm\.json: cpus: must be an integer from 1 to 16/);
  assertEquals(calls, []);
});

Deno.test("nested virtualisation and a TAP interface are asked of libkrun", async () => {
  const { code, stderr, extras } = await runCase({
    annotations: { "krun.nested_virt": "1", "krun.tap_name": "tap0" },
    allow: ["krun.nested_virt", "krun.tap_name"],
  });
  assertEquals(code, 0, stderr);
  const [tap, nested, ...more] = extras;
  assertEquals(tap?.slice(0, 2), ["krun_add_net_tap", "tap0"]);
  assertMatch(String(tap?.[2]), /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
  assertEquals(nested, ["krun_set_nested_virt", 1]);
  assertEquals(more, []);
});

Deno.test("passt without a network to serve is refused in its own words", async () => {
  const { code, stderr, calls } = await runCase({ annotations: { "krun.use_passt": "1" } });
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /passt has (ended: No external routable interface|no interface with a route)/,
  );
  assertEquals(calls.filter(({ call }) => call === "krun_start_enter"), []);
});

Deno.test("passt serves a container that has a network, and the guest gets the container's address", async () => {
  await withNetwork(async (path) => {
    const namespaces = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
    const { code, stderr, extras } = await runCase({
      annotations: { "krun.use_passt": "1", "krun.port_map": "" },
      config: { linux: { namespaces: [...namespaces, { type: "network", path }] } },
    });
    assertEquals(code, 0, stderr);
    assertEquals(extras, [
      ["krun_set_exec envp", "KAGO_CARD=10.99.7.2/20 10.99.7.1"],
      ["krun_add_net_unixstream", "NULL", "socket:", 0x5a, 19587, 0],
    ]);
  });
});

Deno.test("a libkrun without a feature is refused before anything is made", async () => {
  const cases: [Record<string, string>, string][] = [
    [{ "krun.disk": "/x" }, "feature blk"],
    [{ "krun.tap_name": "tap0" }, "feature net"],
    [{ "krun.gpu_flags": "0" }, "feature gpu"],
    [{ "krun.nested_virt": "1" }, "does not nest"],
  ];
  for (const [annotations, problem] of cases) {
    const allow = Object.keys(annotations);
    const { code, stderr } = await runCase({ annotations, allow, double: { hasFeature: 0 } });
    assertEquals(code, 1);
    assertStringIncludes(stderr, problem);
  }
});

Deno.test("a libkrun without a function is refused with its name", async () => {
  const { code, stderr } = await runCase({
    annotations: { "krun.port_map": "1:1", "krun.agent": "0" },
    config: UNRESTRICTED,
    double: { extras: false },
  });
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "needs the function krun_set_port_map, which this libkrun does not have",
  );
});

Deno.test("a libkrun that is too old for the agent is refused with the way to do without", async () => {
  const { code, stderr } = await runCase({ double: { extras: false } });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "too old for kago's guest agent");
  assertStringIncludes(stderr, 'annotations[\\"krun.agent\\"] to 0');
});

Deno.test("a GPU is looked for on the host, never in the image", async () => {
  const { code, stderr } = await runCase({
    annotations: { "krun.gpu_flags": "64" },
    allow: ["krun.gpu_flags"],
    prepare: ({ rootfs }) => Deno.mkdirSync(`${rootfs}/dev/dri`, { recursive: true }),
  });
  assert(!isThere("/dev/dri"), "this host has a GPU");
  assertEquals(code, 1);
  assertStringIncludes(stderr, "the host has no /dev/dri; ");
});

Deno.test("no image supplies the render server of a GPU: its flag is refused", async () => {
  const { code, stderr, calls } = await runCase({
    annotations: { "krun.gpu_flags": "576" },
    allow: ["krun.gpu_flags"],
    prepare: ({ rootfs }) => {
      Deno.mkdirSync(`${rootfs}/usr/libexec`, { recursive: true });
      Deno.writeTextFileSync(`${rootfs}/usr/libexec/virgl_render_server`, "x");
    },
  });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "has the flag RENDER_SERVER (512)");
  assertStringIncludes(stderr, "leave the flag out (64)");
  assertEquals(calls, []);
});
