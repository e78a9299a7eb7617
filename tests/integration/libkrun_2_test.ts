/**
 * The libkrun executor, whole, over a double of libkrun 2, which refuses objects of the wrong kind and those that have been used
 * up. What is the same over 1.x is in libkrun_double_test.ts. Needs root.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  buildLibkrunDouble,
  type DoubleOptions,
  type LibkrunDouble,
} from "../doubles/libkrun/build.ts";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { withNetwork } from "../harness/network.ts";
import { run } from "../harness/run.ts";
import { UNRESTRICTED } from "../harness/unrestricted.ts";

const KRUN = { "run.oci.handler": "krun" };

interface Case extends BundleOptions {
  readonly double?: DoubleOptions;
  readonly allow?: readonly string[];
  /** Files of the bundle's root. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A microVM of kago's on a double of libkrun 2. */
async function withDouble(
  { double: options, allow = [], files = {}, ...bundle }: Case,
  use: (kago: Kago, double: LibkrunDouble) => Promise<void>,
): Promise<void> {
  using double = await buildLibkrunDouble({ abi: 2, ...options });
  const annotations = { ...KRUN, ...bundle.annotations };
  await Kago.with({ args: ["/bin/true"], ...bundle, annotations }, async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${kago.bundle.rootfs}/${name}`, text);
    }
    kago.globals.push(...double.options, ...allow.flatMap((name) => ["--allow-annotation", name]));
    await use(kago, double);
  });
}

type Recorded = readonly (string | number)[];

/** The VMM's calls, in their order; the builder's look for the firmware comes first. */
function ofVmm(double: LibkrunDouble): Recorded[] {
  const calls = double.calls().map(({ call, args }) => [call, ...args]);
  return calls.slice(calls.findLastIndex(([call]) => call === "krun_payload_load_krunfw"));
}

/** The calls of a microVM that ends well, of those whose names begin so. */
async function callsOf(options: Case, ...prefixes: readonly string[]): Promise<Recorded[]> {
  let calls: Recorded[] = [];
  await withDouble(options, async (kago, double) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 0, stderr);
    calls = ofVmm(double);
  });
  return calls.filter(([call]) => prefixes.some((prefix) => `${call}`.startsWith(prefix)));
}

/** What `run` says, which has made nothing that is left. */
async function refused(options: Case): Promise<string> {
  let said = "";
  await withDouble(options, async (kago) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1, stderr);
    assertEquals([...Deno.readDirSync(kago.root)], []);
    assertEquals(kago.cgroups(), []);
    said = stderr.replaceAll("\\", "");
  });
  return said;
}

const INIT: readonly Recorded[] = [
  ["krun_init_config_apply_in"],
  ["krun_fs_overlay_add_file", "/init.krun", 0o755, 1],
  ["krun_fs_overlay_add_file", "/.krun_config.json", 0o644, 1],
  ["krun_payload_append_cmdline", "init=/init.krun"],
];

const added = (...kinds: readonly string[]): Recorded[] =>
  kinds.map((kind) => ["krun_mmio_device_manager_add", kind]);

Deno.test("run puts a VM of libkrun 2 together and returns the guest's exit code", async () => {
  const args = ["/bin/sh", "-c", "echo from the guest; exit 7"];
  await withDouble({ annotations: { "krun.cpus": "1" }, args }, async (kago, double) => {
    const { code, stdout, stderr } = await kago.foreground();
    assertEquals([code, stdout], [7, "from the guest\n"], stderr);
    assertEquals(ofVmm(double), [
      ["krun_payload_load_krunfw"],
      ["krun_init_builder_args", "/agent"],
      ["krun_init_builder_env"],
      ...INIT,
      ["krun_fs_device_new", "/dev/root", "//."],
      ["krun_fs_device_new", "kago", "/"],
      ["krun_init_log", -1, 1, 0, 1],
      ...added("balloon", "rng"),
      ["krun_console_builder_add_default_console", 0, 1, 2],
      ...added("console", "fs", "fs"),
      // The bundle's network namespace is empty.
      ["krun_vsock_device_new", 3, 0],
      ["krun_vsock_device_add_unix_port", 1, "//agent.sock", 1],
      ["krun_vsock_device_add_unix_port", 2, "//streams.sock", 0],
      ...added("vsock"),
      ["krun_vmm_builder_vcpus", 1],
      ["krun_vmm_builder_ram_mib", 1024],
      ["krun_vmm_builder_build"],
      ["krun_vmm_run"],
    ]);
  });
});

Deno.test("without the agent libkrun 2's own init gets the command, and the image no file", async () => {
  const args = ["/bin/sh", "-c", "echo $A in $PWD"];
  const process = { ...UNRESTRICTED.process, cwd: "/etc", env: ["PATH=/bin:/usr/bin", "A=b c"] };
  const annotations = { "krun.agent": "0" };
  const options = { annotations, args, config: { ...UNRESTRICTED, process } };
  await withDouble(options, async (kago, double) => {
    const { code, stdout, stderr } = await kago.foreground();
    assertEquals([code, stdout], [0, "b c in /etc\n"], stderr);
    const calls = ofVmm(double).filter(([call]) => /krun_init_b|krun_fs_device/.test(`${call}`));
    assertEquals(calls, [
      ["krun_init_builder_args", ...args],
      ["krun_init_builder_env", "PATH=/bin:/usr/bin", "A=b c"],
      ["krun_init_builder_workdir", "/etc"],
      ["krun_fs_device_new", "/dev/root", "/"],
      ["krun_fs_device_set_dax_window_size", 512 << 20],
    ]);
    const names = [...Deno.readDirSync(kago.bundle.rootfs)].map(({ name }) => name);
    assert(!names.includes(".krun_config.json"), `${names}`);
  });
});

Deno.test("disks, sockets and ports reach libkrun 2 as the container's own files, the guest's port first", async () => {
  const namespaces = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
  const calls = await callsOf(
    {
      annotations: {
        "krun.disk": "/disk.img,/disk.img:qcow2:ro",
        "krun.vsock": "2000=/up.sock,listen:2001=/run/down.sock",
        "krun.port_map": "8080:80",
      },
      config: { linux: { namespaces } },
      files: { "disk.img": "x", "up.sock": "" },
    },
    ...["krun_block", "krun_vsock", "krun_mmio"],
  );
  assertEquals(calls.slice(5), [
    ["krun_block_device_new", "disk0", "/disk.img", 0],
    ["krun_block_device_set_read_only", 0],
    ...added("block"),
    ["krun_block_device_new", "disk1", "/disk.img", 1],
    ["krun_block_device_set_read_only", 1],
    ...added("block"),
    ["krun_vsock_device_new", 3, 1],
    ["krun_vsock_device_add_unix_port", 1, "//agent.sock", 1],
    ["krun_vsock_device_add_unix_port", 2, "//streams.sock", 0],
    ["krun_vsock_device_add_unix_port", 2000, "/up.sock", 0],
    ["krun_vsock_device_add_unix_port", 2001, "/run/down.sock", 1],
    ["krun_vsock_device_add_port_forward", "80:8080"],
    ...added("vsock"),
  ]);
});

Deno.test("a TAP interface, nested virtualisation, the log's level and a window for DAX are asked of libkrun 2", async () => {
  const annotations = {
    "krun.tap_name": "tap0",
    "krun.nested_virt": "1",
    "krun.log_level": "4",
  };
  const calls = await callsOf(
    {
      annotations,
      allow: ["krun.tap_name", "krun.nested_virt"],
      files: { ".krun_vm.json": '{"virtiofs_shm_size":1048576}' },
    },
    ...["krun_net", "krun_vsock_device_new", "krun_init_log", "krun_vmm_builder_nested"],
    "krun_fs_device_set",
    "krun_init_builder_args",
  );
  const [mac] = calls.filter(([call]) => call === "krun_net_device_new_tap").map((one) => one[2]);
  assertMatch(`${mac}`, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
  assertEquals(calls, [
    ["krun_init_builder_args", "/agent", "dax"],
    ["krun_fs_device_set_dax_window_size", 1048576],
    ["krun_init_log", -1, 4, 0, 1],
    ["krun_vsock_device_new", 3, 0],
    ["krun_net_device_new_tap", "tap0", mac!, 19587],
    ["krun_vmm_builder_nested_virt", 1],
  ]);
});

Deno.test("passt serves a container of libkrun 2, and the guest gets the container's address", async () => {
  await withNetwork(async (path) => {
    const namespaces = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
    const calls = await callsOf(
      {
        annotations: { "krun.use_passt": "1" },
        config: { linux: { namespaces: [...namespaces, { type: "network", path }] } },
      },
      "krun_net",
      "krun_init_builder_env",
      "krun_vsock_device_new",
    );
    assertEquals(calls, [
      ["krun_init_builder_env", "KAGO_CARD=10.99.7.2/20 10.99.7.1"],
      ["krun_vsock_device_new", 3, 0],
      ["krun_net_device_new_unixstream_fd", "socket:", "5a:94:ef:e4:0c:ee", 19587],
    ]);
  });
});

Deno.test("the kernel of an image gets the number that its format has in libkrun 2", async () => {
  for (const [format, expected] of [[0, 1], [1, 0], [2, 2], [5, 5]]) {
    const fields = { kernel_path: "/vmlinux", kernel_format: format, kernel_cmdline: "quiet" };
    await withDouble({
      annotations: { "krun.custom_kernel": "1" },
      allow: ["krun.custom_kernel"],
      config: UNRESTRICTED,
      files: { vmlinux: "x", ".krun_vm.json": JSON.stringify(fields) },
    }, async (kago, double) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      const [kernel] = double.calls().filter(({ call }) => call === "krun_payload_load_external");
      assertEquals(kernel?.args, ["/vmlinux", expected!, "NULL", "quiet"]);
    });
  }
});

Deno.test("what only libkrun 1.x can do is refused over 2 in a sentence, and nothing is created", async () => {
  const cases: [Record<string, string>, string][] = [
    [{ "krun.console": "/console" }, "libkrun 2 cannot write a guest's console to a file"],
    [
      { "krun.gpu_flags": "64" },
      "libkrun 2 supports a GPU only with a display that its caller provides",
    ],
    [{ "krun.port_map": "" }, "libkrun 2 opens all ports if the list is empty"],
  ];
  for (const [annotations, problem] of cases) {
    const [name] = Object.keys(annotations);
    const said = await refused({ annotations, allow: [name!] });
    assertStringIncludes(said, `annotations["${name}"]: ${problem}; install libkrun 1.x`);
  }
});

Deno.test("a libkrun 2 that lacks something is refused in a sentence, and nothing is created", async () => {
  const cases: [DoubleOptions, string][] = [
    [
      { init: false },
      "libkrun_init.so.0, the guest's init of libkrun 2, cannot be loaded; install",
    ],
    [{ firmware: false }, "libkrunfw, the guest kernel of libkrun, cannot be loaded; install"],
    [{ c: false }, "was built without the C interface of libkrun 2; build it with"],
    [{ blk: false }, 'annotations["krun.disk"]: this libkrun was built without the feature blk'],
  ];
  for (const [double, problem] of cases) {
    const annotations = { "krun.disk": "/disk.img" };
    assertStringIncludes(await refused({ double, annotations }), problem);
  }
});

Deno.test("what libkrun 2 says of a failure is said by run and by start", async () => {
  const double = { vcpusError: "value out of range: \u00fcber" };
  await withDouble({ double, annotations: { "krun.cpus": "1" } }, async (kago) => {
    const says = "microVM: krun_vmm_builder_vcpus(builder, 1): value out of range: \u00fcber";
    const ran = await kago.foreground();
    assertEquals(ran.code, 1);
    assertStringIncludes(ran.stderr, says);
    assertEquals([...Deno.readDirSync(kago.root)], []);
    const output = `${kago.bundle.path}/output`;
    const created = await kago.runWith({ output }, "create", "-b", kago.bundle.path, kago.id);
    assertEquals(created.code, 0, created.stdout);
    const start = await kago.run("start", kago.id);
    assertEquals(start.code, 1);
    assertStringIncludes(start.stderr, `cannot start container ${kago.id}: ${says}`);
  });
  const said = await refused({ double: { applyError: "no such symbol" } });
  const call = "krun_init_config_apply_in(initConfig, library, overlay, payload)";
  assertStringIncludes(said, `annotations["krun.agent"]: ${call}: no such symbol`);
});

Deno.test("a VM of libkrun 2 that cannot be built says so on the container's stderr", async () => {
  await withDouble({ double: { buildError: "boot error: no KVM" } }, async (kago) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1);
    const words = "kago: microVM: krun_vmm_builder_build(): boot error: no KVM\n";
    assertStringIncludes(stderr, words);
  });
});

Deno.test("libkrun 2 is taken where the dynamic linker finds no 1.x, and 1.x where it finds both", async () => {
  using two = await buildLibkrunDouble({ abi: 2 });
  using one = await buildLibkrunDouble();
  const folders: [string, number, number][] = [
    [two.dir, 0, 2],
    [`${two.dir}:${one.dir}`, 2, 0],
  ];
  let before = [0, 0];
  for (const [path, ofOne, ofTwo] of folders) {
    await Kago.with({ args: ["/bin/sh", "-c", "exit 7"], annotations: KRUN }, async (kago) => {
      await Deno.chmod(kago.bundle.path, 0o755);
      const env = { LD_LIBRARY_PATH: path };
      const { code, stderr } = await kago.runWith({ env }, "run", "-b", kago.bundle.path, kago.id);
      assertEquals(code, 7, stderr);
    });
    const count = ({ calls }: { calls: () => { call: string }[] }, name: string) =>
      calls().filter(({ call }) => call === name).length;
    const now = [
      count({ calls: () => one.calls() }, "krun_create_ctx"),
      count({ calls: () => two.calls() }, "krun_payload_load_krunfw"),
    ];
    assertEquals(now.map((number, index) => number - before[index]!), [ofOne, ofTwo], path);
    before = now;
  }
});

Deno.test("doctor and --version tell a libkrun 2 by its file, and its features by its functions", async () => {
  using double = await buildLibkrunDouble({ abi: 2, blk: false });
  const { stdout } = await run(KAGO, [...double.options, "doctor", "--json"]);
  const { findings }: { findings: { subject: string; ok: boolean; detail: string }[] } = JSON.parse(
    stdout,
  );
  const libkrun = findings.find(({ subject }) => subject === "libkrun");
  assertEquals(libkrun?.ok, true);
  assertMatch(libkrun!.detail, /^2\.99\.0 with net \(\/.*\/libkrun\.so\.2\.99\.0\)$/);
  const env = { LD_LIBRARY_PATH: double.dir };
  const version = await run(KAGO, ["--version"], { env });
  assertMatch(version.stdout, /libkrun[: ]+2\.99\.0/);
});

Deno.test("a VMM of libkrun 2 that its guest has taken over is in the same jail", async () => {
  for (const [attack, call] of [["mount", "mount"], ["fork", "fork"], ["inet", "socket"]]) {
    const double = { takenOver: true };
    await withDouble({ double, files: { attack: attack! } }, async (kago) => {
      const { code, stdout, stderr } = await kago.foreground();
      const words = `kago: the VMM called ${call}, which it may not make\n`;
      assertEquals([code, stdout, stderr], [159, "", words]);
    });
  }
});
