import { assertEquals, assertStringIncludes } from "@std/assert";
import { closingOps, earlyOps, openingOps } from "../../../../executors/libkrun/vm_ops.ts";
import type { VmSettings } from "../../../../executors/libkrun/settings/settings.ts";
import { FEATURES } from "../../../../executors/libkrun/vmm_features.ts";
import { formatOp } from "../../../../runtime/plan/format.ts";
import { KRUN_ARGUMENTS, type KrunArgument } from "../../../../runtime/plan/op.ts";

const PLAIN: VmSettings = { cpus: 2, ramMib: 512, logLevel: 1 };

/** The operations as `kago plan` shows them. */
function calls(settings: VmSettings): string[] {
  return closingOps(settings).map((op) => formatOp(op).replace(/^krunCall |(?<=^vmmJail).*$/g, ""));
}

const LOG = "krun_set_log_level(1)";
const SIZE = "krun_set_vm_config(context, 2, 512)";

function kinds(...names: KrunArgument[]): number[] {
  return names.map((name) => KRUN_ARGUMENTS.indexOf(name));
}

Deno.test("closingOps() gives a microVM with the agent these calls", () => {
  const from = 'annotations["krun.agent"]';
  const agents = [
    { function: "krun_set_root", kinds: kinds("context", "agentRoot"), numbers: [], texts: [] },
    {
      function: "krun_add_virtiofs",
      kinds: kinds("context", "text", "text"),
      numbers: [],
      texts: ["kago", "/"],
    },
    {
      function: "krun_add_vsock_port2",
      kinds: kinds("context", "number", "runFile", "number"),
      numbers: [1n, 1n],
      texts: ["/agent.sock"],
    },
    {
      function: "krun_add_vsock_port2",
      kinds: kinds("context", "number", "runFile", "number"),
      numbers: [2n, 0n],
      texts: ["/streams.sock"],
    },
    {
      function: "krun_set_exec",
      kinds: kinds("context", "text", "list", "card"),
      numbers: [0n],
      texts: ["/agent"],
    },
  ];
  assertEquals(closingOps({ ...PLAIN, agent: true }), [
    { op: "krunKvm" },
    {
      op: "krunCall",
      function: "krun_set_vm_config",
      wantedBy: "",
      ifIsolated: 0,
      keepResult: 0,
      kinds: kinds("context", "number", "number"),
      numbers: [2n, 512n],
      texts: [],
    },
    ...agents.map((call) => ({
      op: "krunCall",
      ...call,
      wantedBy: from,
      ifIsolated: 0,
      keepResult: 0,
      from,
    } as const)),
    {
      op: "krunCall",
      function: "krun_set_log_level",
      wantedBy: "",
      ifIsolated: 0,
      keepResult: 0,
      kinds: kinds("number"),
      numbers: [1n],
      texts: [],
    },
    { op: "vmmStreams", from },
    { op: "vmmJail", features: FEATURES.tsi, isolatedFeatures: 0 },
    { op: "krunEnter", builder: 0 },
  ]);
});

Deno.test("closingOps() without the agent serves the container's own root", () => {
  const root = (settings: Partial<VmSettings>) => calls({ ...PLAIN, ...settings })[2];
  assertEquals(root({}), 'krun_set_root(context, "/")');
  const size = 512 * 1024 * 1024;
  assertEquals(root({ rootTag: "t" }), `krun_add_virtiofs2(context, "t", "/", ${size})`);
  assertEquals(root({ daxWindow: 9 }), 'krun_add_virtiofs2(context, "/dev/root", "/", 9)');
});

Deno.test("closingOps() gives the container's file system a window for DAX only where one is asked for", () => {
  const root = (daxWindow?: number) =>
    calls({ ...PLAIN, agent: true, ...(daxWindow === undefined ? {} : { daxWindow }) })
      .filter((call) => call.startsWith("krun_add_virtiofs"));
  assertEquals(root(9), ['krun_add_virtiofs2(context, "kago", "/", 9)']);
  for (const none of [undefined, 0]) {
    assertEquals(root(none), ['krun_add_virtiofs(context, "kago", "/")']);
  }
});

Deno.test("closingOps() has the agent ask for DAX only where there is a window", () => {
  const exec = (daxWindow: number) =>
    calls({ ...PLAIN, agent: true, daxWindow }).find((call) => call.startsWith("krun_set_exec"))!;
  assertStringIncludes(exec(9), '"/agent", ["dax"],');
  assertStringIncludes(exec(0), '"/agent", [],');
});

Deno.test("closingOps() makes the calls of every setting in their order", () => {
  assertEquals(
    calls({
      ...PLAIN,
      kernel: { path: "/vmlinuz", format: 1, cmdline: "quiet" },
      disks: [{ path: "/a", format: "qcow2", readOnly: true }],
      network: { kind: "tap", name: "tap0", mac: "02:00:00:00:00:01" },
      vsockPorts: [
        { port: 2000, path: "/run/a", listen: false },
        { port: 2001, path: "/run/b", listen: true },
      ],
      console: "log",
      nestedVirt: true,
      gpuFlags: 64,
    }),
    [
      "krunKvm",
      SIZE,
      'krun_set_root(context, "/")',
      'krun_set_kernel(context, "/vmlinuz", 1, NULL, "quiet")',
      'krun_add_disk2(context, "disk0", "/a", 1, 1)',
      'krun_add_net_tap(context, "tap0", 02:00:00:00:00:01, 19587, 0)',
      'krun_add_vsock_port2(context, 2000, "/run/a", 0)',
      'krun_add_vsock_port2(context, 2001, "/run/b", 1)',
      'krun_set_console_output(context, "/log")',
      "krun_add_virtio_console_multiport(context) keepResult",
      'krun_add_console_port_inout(context, result, "krun-stdin", 0, -1)',
      'krun_add_console_port_inout(context, result, "krun-stdout", -1, 1)',
      'krun_add_console_port_inout(context, result, "krun-stderr", -1, 2)',
      "krun_set_nested_virt(context, 1)",
      "krun_set_gpu_options(context, 64)",
      LOG,
      "vmmJail",
      "krunEnter",
    ],
  );
});

Deno.test("closingOps() has libkrun open paths of the container by descriptor, and listen in a folder of it", () => {
  const vsockPorts = [
    { port: 2000, path: "run/a", listen: false },
    { port: 2001, path: "run/b", listen: true },
  ];
  const ports = closingOps({ ...PLAIN, vsockPorts })
    .filter((op) => op.op === "krunCall" && op.function === "krun_add_vsock_port2")
    .map((op) => op.op === "krunCall" ? [op.kinds, op.texts] : []);
  assertEquals(ports, [
    [kinds("context", "number", "file", "number"), ["/run/a"]],
    [kinds("context", "number", "newFile", "number"), ["/run/b"]],
  ]);
});

Deno.test("closingOps() opens an enclave without KVM, and gives it its command", () => {
  const command = { args: ["/bin/a", "b"], env: ["C=d"] };
  assertEquals(calls({ ...PLAIN, variant: "aws-nitro", command }), [
    SIZE,
    'krun_set_root(context, "/")',
    'krun_set_console_output(context, "/dev/stdout")',
    'krun_set_exec(context, "/bin/a", ["/bin/a","b"], ["C=d"])',
    LOG,
    "vmmJail",
    "krunEnter",
  ]);
});

Deno.test("closingOps() takes TSI away from an empty network namespace, and maps ports", () => {
  const network = calls({ ...PLAIN, ownNetwork: true, portMap: ["80:8080"] }).slice(3, 7);
  assertEquals(network, [
    'krunIsolate functions=["krun_disable_implicit_vsock","krun_add_vsock"]',
    "krun_disable_implicit_vsock(context) ifIsolated",
    "krun_add_vsock(context, 0) ifIsolated",
    'krun_set_port_map(context, ["80:8080"])',
  ]);
});

const LIBRARY = { path: "/opt/k/libkrun.so.1", from: "--libkrun" };
const FIRMWARE = ["/opt/k/libkrunfw.so.5", "/opt/k/libkrunfw.so.4"];

Deno.test("openingOps() loads libkrun, with the firmware beside a library that is named", () => {
  assertEquals(openingOps({ ...PLAIN, library: LIBRARY }, undefined), [
    { op: "krunLoad", before: FIRMWARE, libraries: [LIBRARY.path], abi: 1 },
  ]);
  const sev = openingOps({ ...PLAIN, variant: "sev" }, undefined);
  assertEquals(sev, [{ op: "krunLoad", before: [], libraries: ["libkrun-sev.so.1"], abi: 1 }]);
});

Deno.test("openingOps() loads what the library needs before it, in the order given", () => {
  const needed = ["/opt/k/needed/01-a.so.0", "/opt/k/needed/02-b.so.1"];
  const [load] = openingOps({ ...PLAIN, library: { ...LIBRARY, needed } }, undefined);
  assertEquals(load, {
    op: "krunLoad",
    before: [...needed, ...FIRMWARE],
    libraries: [LIBRARY.path],
    abi: 1,
  });
});

Deno.test("earlyOps() opens what openingOps() loads, a flavour beside the library that is named", () => {
  const opened = (variant?: VmSettings["variant"]) => {
    const settings = { ...PLAIN, library: LIBRARY, variant } as VmSettings;
    const [load] = openingOps(settings, undefined);
    if (load?.op !== "krunLoad") return [];
    const { before, libraries } = load;
    assertEquals(earlyOps(settings), [{ op: "krunOpen", before, libraries, from: "--libkrun" }]);
    return libraries;
  };
  assertEquals(opened(), ["/opt/k/libkrun.so.1"]);
  assertEquals(opened("sev"), ["/opt/k/libkrun-sev.so.1"]);
  assertEquals(opened("tdx"), ["/opt/k/libkrun-tdx.so.1"]);
  const nitro = ["/opt/k/libkrun-awsnitro.so.1", "/opt/k/libkrun-nitro.so.1"];
  assertEquals(opened("aws-nitro"), nitro);
});

Deno.test("openingOps() starts passt with its command", () => {
  const passt = { program: "/usr/bin/passt", args: ["passt", "--quiet"] };
  assertEquals(openingOps(PLAIN, passt)[1], {
    op: "krunPasst",
    ...passt,
    mayLack: 0,
    from: 'annotations["krun.use_passt"]',
  });
});

Deno.test("earlyOps() opens a kernel that is named, in place of the one beside the library", () => {
  const firmware = { value: "/opt/f/libkrunfw.so.5", from: "/etc/k: kernel" };
  assertEquals(earlyOps({ ...PLAIN, firmware }), [
    { op: "krunOpen", before: [firmware.value], libraries: [], from: "/etc/k: kernel" },
  ]);
  assertEquals(openingOps({ ...PLAIN, firmware }, undefined), [
    { op: "krunLoad", before: [firmware.value], libraries: ["libkrun.so.1"], abi: 1 },
  ]);
  const [both] = openingOps({ ...PLAIN, firmware, library: LIBRARY }, undefined);
  assertEquals(both, {
    op: "krunLoad",
    before: [firmware.value],
    libraries: [LIBRARY.path],
    abi: 1,
  });
  assertEquals(earlyOps(PLAIN), []);
});

const BY_FILE = "/etc/kago/microvm.json: network";

Deno.test("the administrator's passt is none where the container has no network", () => {
  const settings = { ...PLAIN, network: { kind: "passt", byFile: BY_FILE } } as const;
  const passt = { program: "/usr/bin/passt", args: ["passt"] };
  const start = { op: "krunPasst", ...passt, mayLack: 1, from: BY_FILE } as const;
  assertEquals(openingOps(settings, passt)[1], start);
  assertEquals(calls(settings).slice(3, 6), [
    "krun_add_net_unixstream(context, NULL, passt, 5a:94:ef:e4:0c:ee, 19587, 0) unlessIsolated",
    "krun_disable_implicit_vsock(context) ifIsolated",
    "krun_add_vsock(context, 0) ifIsolated",
  ]);
});

Deno.test("closingOps() takes TSI away where the administrator gives no network", () => {
  const network = { kind: "none", byFile: BY_FILE } as const;
  assertEquals(calls({ ...PLAIN, network, ownNetwork: true }).slice(3, 5), [
    "krun_disable_implicit_vsock(context)",
    "krun_add_vsock(context, 0)",
  ]);
  const jail = closingOps({ ...PLAIN, network }).at(-2);
  assertEquals(jail, { op: "vmmJail", features: 0, isolatedFeatures: 0 });
});
