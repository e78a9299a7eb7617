import { assertEquals, assertThrows } from "@std/assert";
import { refuseFor2 } from "../../../../executors/libkrun/vm_ops_2.ts";
import { closingOps, earlyOps, openingOps } from "../../../../executors/libkrun/vm_ops.ts";
import type { VmSettings } from "../../../../executors/libkrun/settings/settings.ts";
import { HostError } from "../../../../runtime/common/errors.ts";
import { formatOp } from "../../../../runtime/plan/format.ts";
import { KRUN_OBJECTS, type Op } from "../../../../runtime/plan/op.ts";

const PLAIN: VmSettings = {
  cpus: 2,
  ramMib: 512,
  logLevel: 1,
  abi: 2,
  command: { args: ["/bin/true"], env: ["A=b"], cwd: "/" },
};

/** The operations as `kago plan` shows them. */
function calls(settings: VmSettings): string[] {
  return closingOps(settings).map((op) => formatOp(op).replace(/^krunCall |(?<=^vmmJail).*$/g, ""));
}

const INIT = [
  "krun_fs_overlay_new() keepResult=overlay",
  "krun_init_config_builder() keepResult=init",
];
const APPLIED = [
  "krun_init_builder_build(init) keepResult=initConfig",
  "krun_init_config_apply_in(initConfig, library, overlay, payload)",
];
const LOG = "krun_init_log(-1, 1, 0, 1)";
const DEVICES = [
  "krun_mmio_device_manager_new() keepResult=devices",
  "krun_balloon_device_new() keepResult=device",
  "krun_mmio_device_manager_add(devices, device)",
  "krun_rng_device_new() keepResult=device",
  "krun_mmio_device_manager_add(devices, device)",
  "krun_console_device_builder() keepResult=console",
  "krun_console_builder_add_default_console(console, 0, 1, 2)",
  "krun_console_builder_build(console) keepResult=device",
  "krun_mmio_device_manager_add(devices, device)",
  "krun_mmio_device_manager_add(devices, root)",
];
const BUILT = [
  "krun_vmm_builder_new() keepResult=builder",
  "krun_vmm_builder_vcpus(builder, 2)",
  "krun_vmm_builder_ram_mib(builder, 512)",
  "krun_vmm_builder_payload(builder, payload)",
  "krun_vmm_builder_devices(builder, devices)",
];

Deno.test("closingOps() puts a VM of libkrun 2 with the agent together, its streams aside before the console", () => {
  assertEquals(calls({ ...PLAIN, agent: true, daxWindow: 4096 }), [
    "krunKvm",
    ...INIT,
    'krun_init_builder_args(init, ["/agent","dax"])',
    "krun_init_builder_env(init, card)",
    ...APPLIED,
    'krun_fs_device_new("/dev/root", agentRoot) keepResult=root',
    'krun_fs_device_new("kago", "/") keepResult=files',
    "krun_fs_device_set_dax_window_size(files, 4096)",
    "krun_fs_device_set_overlay(root, overlay)",
    LOG,
    "vmmStreams",
    ...DEVICES,
    "krun_mmio_device_manager_add(devices, files)",
    "krun_vsock_device_new(3, 1) keepResult=vsock",
    'krun_vsock_device_add_unix_port(vsock, 1, "/agent.sock", 1)',
    'krun_vsock_device_add_unix_port(vsock, 2, "/streams.sock", 0)',
    "krun_mmio_device_manager_add(devices, vsock)",
    ...BUILT,
    "vmmJail",
    "krunEnter builder=builder",
  ]);
});

Deno.test("closingOps() without the agent has libkrun 2's own init run the command", () => {
  assertEquals(calls({ ...PLAIN, ownNetwork: true }), [
    "krunKvm",
    ...INIT,
    'krun_init_builder_args(init, ["/bin/true"])',
    'krun_init_builder_env(init, ["A=b"])',
    'krun_init_builder_workdir(init, "/")',
    ...APPLIED,
    'krun_fs_device_new("/dev/root", "/") keepResult=root',
    "krun_fs_device_set_dax_window_size(root, 536870912)",
    "krun_fs_device_set_overlay(root, overlay)",
    LOG,
    ...DEVICES,
    "krunIsolate functions=[]",
    "krun_vsock_device_new(3, 0) ifIsolated keepResult=vsock",
    "krun_vsock_device_new(3, 1) unlessIsolated keepResult=vsock",
    "krun_mmio_device_manager_add(devices, vsock)",
    ...BUILT,
    "vmmJail",
    "krunEnter builder=builder",
  ]);
});

Deno.test("closingOps() names what each call of libkrun 2 is for, where something of config.json asks for it", () => {
  const settings: VmSettings = {
    ...PLAIN,
    network: { kind: "passt", byFile: "/etc/kago/microvm.json: network" },
    disks: [{ path: "/d", format: "qcow2", readOnly: true }],
    vsockPorts: [{ port: 2000, path: "/s", listen: true }],
    nestedVirt: true,
    rootTag: "mine",
    kernel: { path: "/k", format: 0, initrd: "/i" },
  };
  const asked = closingOps(settings).filter((op): op is Op & { from: string } => Boolean(op.from))
    .filter(({ from }) => !from.startsWith("process."))
    .map((op) => [formatOp(op).replace("krunCall ", ""), op.from]);
  const disk = 'annotations["krun.disk"]';
  const passt = "/etc/kago/microvm.json: network";
  assertEquals(asked, [
    [
      'krun_payload_load_external("/k", 1, "/i", NULL) keepResult=payload',
      'annotations["krun.custom_kernel"]',
    ],
    ['krun_fs_device_new("mine", "/") keepResult=root', ".krun_vm.json"],
    ["krun_fs_device_set_dax_window_size(root, 536870912)", ".krun_vm.json"],
    ['krun_block_device_new("disk0", "/d", 1) keepResult=device', disk],
    ["krun_block_device_set_read_only(device, 1)", disk],
    ["krun_mmio_device_manager_add(devices, device)", disk],
    ['krun_vsock_device_add_unix_port(vsock, 2000, "/s", 1)', 'annotations["krun.vsock"]'],
    [
      'krun_net_device_new_unixstream_fd("net0", passt, 5a:94:ef:e4:0c:ee, 19587, 0) unlessIsolated keepResult=device',
      passt,
    ],
    ["krun_mmio_device_manager_add(devices, device) unlessIsolated", passt],
    ["krun_vmm_builder_nested_virt(builder, 1)", 'annotations["krun.nested_virt"]'],
  ]);
});

Deno.test("openingOps() of libkrun 2 loads the guest's kernel while the host's files are in sight, unless the image has one", () => {
  const [load, kernel, ...more] = openingOps(PLAIN, undefined);
  assertEquals(load, { op: "krunLoad", before: [], libraries: ["libkrun.so.2"], abi: 2 });
  assertEquals(formatOp(kernel!), "krunCall krun_payload_load_krunfw() keepResult=payload");
  assertEquals(more, []);
  const own = openingOps({ ...PLAIN, kernel: { path: "/k", format: 1 } }, undefined);
  assertEquals(own, [load!]);
});

Deno.test("earlyOps() opens the library of libkrun 2's init beside one that is named", () => {
  const library = { path: "/opt/k/libkrun.so.2", from: "--libkrun" };
  const beside = ["libkrun_init.so.0", "libkrunfw.so.5", "libkrunfw.so.4"];
  assertEquals(earlyOps({ ...PLAIN, library }), [{
    op: "krunOpen",
    before: beside.map((name) => `/opt/k/${name}`),
    libraries: [library.path],
    from: "--libkrun",
  }]);
});

Deno.test("refuseFor2() names what libkrun 2 cannot do, and nothing else", () => {
  refuseFor2({ ...PLAIN, nestedVirt: true, portMap: ["1:1"] });
  const cases: [Partial<VmSettings>, string][] = [
    [{ console: "none" }, "krun.console"],
    [{ gpuFlags: 0 }, "krun.gpu_flags"],
    [{ portMap: [] }, "krun.port_map"],
  ];
  for (const [settings, name] of cases) {
    const message = `annotations["${name}"]: libkrun 2 `;
    assertThrows(() => refuseFor2({ ...PLAIN, ...settings }), HostError, message);
  }
});

Deno.test("the VMM has room for all objects of libkrun 2", async () => {
  const header = await Deno.readTextFile(
    new URL("../../../../helper-c/vmm/vmm.h", import.meta.url),
  );
  const [, room] = /MAX_OBJECTS = (\d+)/.exec(header)!;
  assertEquals(KRUN_OBJECTS.length <= Number(room), true);
});
