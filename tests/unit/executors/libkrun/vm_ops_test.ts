import { assertEquals } from "@std/assert";
import { closingOps, earlyOps, openingOps } from "../../../../executors/libkrun/vm_ops.ts";
import type { VmSettings } from "../../../../executors/libkrun/settings.ts";
import { FEATURES } from "../../../../executors/libkrun/vmm_features.ts";
import type { Op } from "../../../../runtime/plan/op.ts";

const PLAIN: VmSettings = { cpus: 2, ramMib: 512, logLevel: 1 };

/** The functions that are called, with what. */
function calls(settings: VmSettings): (readonly string[])[] {
  const shown = (op: Op) =>
    op.op === "krunCall" ? [op.function, ...op.args] : [op.op, ..."path" in op ? [op.path] : []];
  return closingOps(settings).map(shown);
}

const LOG = ["krun_set_log_level", "n1"];
const SIZE = ["krun_set_vm_config", "c", "n2", "n512"];

Deno.test("closingOps() gives a microVM with the agent these calls", () => {
  assertEquals(closingOps({ ...PLAIN, agent: true }), [
    { op: "krunKvm" },
    { op: "krunCall", function: "krun_set_vm_config", args: ["c", "n2", "n512"], wantedBy: "" },
    ...[
      ["krun_set_root", "c", "r"],
      ["krun_add_virtiofs", "c", "skago", "s/"],
      ["krun_add_vsock_port2", "c", "n1", "a/agent.sock", "n1"],
      ["krun_set_exec", "c", "s/agent", "[", "]", "[", "k", "]"],
    ].map(([name, ...args]) => {
      const from = 'annotations["krun.agent"]';
      return { op: "krunCall", function: name!, args, wantedBy: from, from } as const;
    }),
    { op: "krunCall", function: "krun_set_log_level", args: ["n1"], wantedBy: "" },
    { op: "vmmJail", features: FEATURES.tsi },
    { op: "krunEnter" },
  ]);
});

Deno.test("closingOps() without the agent serves the container's own root", () => {
  const root = (settings: Partial<VmSettings>) => calls({ ...PLAIN, ...settings })[2];
  assertEquals(root({}), ["krun_set_root", "c", "s/"]);
  const size = `n${512 * 1024 * 1024}`;
  assertEquals(root({ rootTag: "t" }), ["krun_add_virtiofs2", "c", "st", "s/", size]);
  assertEquals(root({ daxWindow: 9 }), ["krun_add_virtiofs2", "c", "s/dev/root", "s/", "n9"]);
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
      ["krunKvm"],
      SIZE,
      ["krun_set_root", "c", "s/"],
      ["krun_set_kernel", "c", "f/vmlinuz", "n1", "-", "squiet"],
      ["krun_add_disk2", "c", "sdisk0", "f/a", "n1", "n1"],
      ["krun_add_net_tap", "c", "stap0", "m02:00:00:00:00:01", "n19587", "n0"],
      ["krun_add_vsock_port2", "c", "n2000", "f/run/a", "n0"],
      ["krun_add_vsock_port2", "c", "n2001", "d/run/b", "n1"],
      ["krunConsole", "/log"],
      ["krun_set_nested_virt", "c", "n1"],
      ["krun_set_gpu_options", "c", "n64"],
      LOG,
      ["vmmJail"],
      ["krunEnter"],
    ],
  );
});

Deno.test("closingOps() opens an enclave without KVM, and gives it its command", () => {
  const command = { args: ["/bin/a", "b"], env: ["C=d"] };
  assertEquals(calls({ ...PLAIN, variant: "aws-nitro", command }), [
    SIZE,
    ["krun_set_root", "c", "s/"],
    ["krun_set_console_output", "c", "s/dev/stdout"],
    ["krun_set_exec", "c", "s/bin/a", "[", "s/bin/a", "sb", "]", "[", "sC=d", "]"],
    LOG,
    ["vmmJail"],
    ["krunEnter"],
  ]);
});

Deno.test("closingOps() takes TSI away from an empty network namespace, and maps ports", () => {
  const network = calls({ ...PLAIN, ownNetwork: true, portMap: ["80:8080"] }).slice(3, 5);
  assertEquals(network, [["krunIsolate"], ["krun_set_port_map", "c", "[", "s80:8080", "]"]]);
});

const LIBRARY = { path: "/opt/k/libkrun.so.1", from: "--libkrun" };
const FIRMWARE = ["/opt/k/libkrunfw.so.5", "/opt/k/libkrunfw.so.4"];

Deno.test("openingOps() loads libkrun, with the firmware beside a library that is named", () => {
  assertEquals(openingOps({ ...PLAIN, library: LIBRARY }, undefined), [
    { op: "krunLoad", firmware: FIRMWARE, libraries: [LIBRARY.path] },
  ]);
  const sev = openingOps({ ...PLAIN, variant: "sev" }, undefined);
  assertEquals(sev, [{ op: "krunLoad", firmware: [], libraries: ["libkrun-sev.so.1"] }]);
});

Deno.test("earlyOps() opens what openingOps() loads, a flavour beside the library that is named", () => {
  const opened = (variant?: "sev" | "aws-nitro") => {
    const [load] = openingOps({ ...PLAIN, library: LIBRARY, variant } as VmSettings, undefined);
    assertEquals(earlyOps(LIBRARY, variant), [{ ...load, op: "krunOpen", from: "--libkrun" }]);
    return load?.op === "krunLoad" ? load.libraries : [];
  };
  assertEquals(opened(), ["/opt/k/libkrun.so.1"]);
  assertEquals(opened("sev"), ["/opt/k/libkrun-sev.so.1"]);
  const nitro = ["/opt/k/libkrun-awsnitro.so.1", "/opt/k/libkrun-nitro.so.1"];
  assertEquals(opened("aws-nitro"), nitro);
});

Deno.test("openingOps() starts passt with its command", () => {
  const passt = { program: "/usr/bin/passt", args: ["passt", "--quiet"] };
  assertEquals(openingOps(PLAIN, passt)[1], {
    op: "krunPasst",
    ...passt,
    from: 'annotations["krun.use_passt"]',
  });
});
