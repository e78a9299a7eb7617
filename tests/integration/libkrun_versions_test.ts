/** The calls of a microVM over every libkrun from 1.9 on, and its flavours', each a double with just its functions. Needs root. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { buildLibkrunDouble, type DoubleOptions } from "../doubles/libkrun/build.ts";
import { type LibkrunVersion, VERSIONS } from "../doubles/libkrun/versions.ts";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run, type RunResult } from "../harness/run.ts";
import { UNRESTRICTED } from "../harness/unrestricted.ts";

interface Outcome {
  readonly code: number;
  readonly stderr: string;
  /** The names of the VMM's calls, in their order. */
  readonly calls: readonly string[];
}

async function runOver(double: DoubleOptions, bundle: BundleOptions): Promise<Outcome> {
  using library = await buildLibkrunDouble(double);
  let outcome: Outcome | undefined;
  const annotations = { "run.oci.handler": "krun", ...bundle.annotations };
  await Kago.with({ args: ["/bin/true"], ...bundle, annotations }, async (kago) => {
    for (const name of ["disk.img", "krun-sev.json", "krun-tdx.json"]) {
      Deno.writeTextFileSync(`${kago.bundle.rootfs}/${name}`, "{}");
    }
    kago.globals.push("--libkrun", `${library.dir}/libkrun.so.1`);
    const { code, stderr } = await runWithDevices(kago);
    const calls = library.calls().map(({ call }) => call).filter((call) => !call.includes(" "));
    // Main's own context, by which it looks for the firmware, comes first.
    outcome = { code, stderr, calls: calls.slice(calls.lastIndexOf("krun_create_ctx") + 1) };
  });
  return outcome!;
}

/** In a mount namespace where the devices of the flavours can be opened, which no machine of the tests has. */
function runWithDevices({ root, globals, bundle, id }: Kago): Promise<RunResult> {
  const devices = `${bundle.path}/devices`;
  const script = [
    `mkdir ${devices}`,
    `mount -t tmpfs tmpfs ${devices}`,
    `mkdir ${devices}/upper ${devices}/work`,
    `mount -t overlay overlay -o lowerdir=/dev,upperdir=${devices}/upper,workdir=${devices}/work /dev`,
    ...["/dev/sev", "/dev/nitro_enclaves"].map((path) => `test -e ${path} || mknod ${path} c 1 3`),
    'exec "$@"',
  ].join(" && ");
  const words = ["--root", root, ...globals, "run", "--bundle", bundle.path, id];
  return run("unshare", ["--mount", "sh", "-c", script, "sh", KAGO, ...words]);
}

const since = (version: LibkrunVersion, first: LibkrunVersion) =>
  VERSIONS.indexOf(version) >= VERSIONS.indexOf(first);

/** In an empty network namespace. */
const isolation = (version: LibkrunVersion) =>
  since(version, "1.17.4") ? ["krun_disable_implicit_vsock", "krun_add_vsock"] : [];

for (const version of VERSIONS) {
  Deno.test(`a microVM of libkrun ${version} runs with the agent, or is refused with the version that it takes`, async () => {
    const { code, stderr, calls } = await runOver({ version }, {});
    if (!since(version, "1.10.1")) {
      assertEquals([code, calls], [1, []]);
      assertStringIncludes(
        stderr,
        "it has no krun_add_vsock_port2; install libkrun 1.10.1 or later",
      );
      return;
    }
    assertEquals(code, 0, stderr);
    assertEquals(calls, [
      "krun_set_vm_config",
      "krun_set_root",
      "krun_add_virtiofs",
      "krun_add_vsock_port2",
      // The host's, by which the process's streams go.
      "krun_add_vsock_port2",
      "krun_set_exec",
      ...isolation(version),
      "krun_set_log_level",
      "krun_start_enter",
    ]);
  });

  Deno.test(`a microVM of libkrun ${version} runs without the agent`, async () => {
    const annotations = { "krun.agent": "0" };
    const { code, stderr, calls } = await runOver({ version }, {
      annotations,
      config: UNRESTRICTED,
    });
    assertEquals(code, 0, stderr);
    const own = ["krun_set_vm_config", "krun_set_root", ...isolation(version)];
    assertEquals(calls, [...own, "krun_set_log_level", "krun_start_enter"]);
  });
}

/** The version that a function came with is what decides, not the version's number. */
const EXTRAS: readonly [Record<string, string>, string, LibkrunVersion][] = [
  [{ "krun.disk": "/disk.img" }, "krun_add_disk2", "1.10.1"],
  [{ "krun.nested_virt": "1" }, "krun_set_nested_virt", "1.11.0"],
  [{ "krun.tap_name": "tap0" }, "krun_add_net_tap", "1.15.0"],
  [{ "krun.console": "/console" }, "krun_add_virtio_console_multiport", "1.17.4"],
];

for (const [wish, name, first] of EXTRAS) {
  Deno.test(`${Object.keys(wish)} calls ${name} from libkrun ${first} on, and is refused with its name before`, async () => {
    for (const version of [VERSIONS[VERSIONS.indexOf(first) - 1]!, first]) {
      const annotations = { "krun.agent": "0", ...wish };
      using double = await buildLibkrunDouble({ version });
      await Kago.with(
        {
          args: ["/bin/true"],
          annotations: { "run.oci.handler": "krun", ...annotations },
          config: UNRESTRICTED,
        },
        async (kago) => {
          Deno.writeTextFileSync(`${kago.bundle.rootfs}/disk.img`, "");
          const allowed = Object.keys(wish).flatMap((one) => ["--allow-annotation", one]);
          kago.globals.push(...double.options, ...allowed);
          const { code, stderr } = await kago.foreground();
          const called = double.calls().some(({ call }) => call === name);
          assertEquals([code, called], version === first ? [0, true] : [1, false], stderr);
          if (version !== first) {
            assertStringIncludes(
              stderr,
              `needs the function ${name}, which this libkrun does not have`,
            );
          }
        },
      );
    }
  });
}

for (const version of ["1.17.4", "1.18.1", "1.19.0"] as const) {
  for (const variant of ["sev", "tdx"] as const) {
    Deno.test(`libkrun-${variant} ${version} boots the image's disk with its own settings for attestation`, async () => {
      const annotations = { "krun.variant": variant };
      const double = { version, variant };
      const outcome = await runOver(double, { annotations, config: UNRESTRICTED });
      assertEquals(outcome.calls, [
        "krun_set_vm_config",
        "krun_set_root_disk",
        "krun_set_tee_config_file",
        ...isolation(version),
        "krun_set_log_level",
        "krun_start_enter",
      ], outcome.stderr);
    });
  }

  Deno.test(`libkrun-awsnitro ${version} gets the root and the command, or is refused with what it lacks`, async () => {
    const annotations = { "krun.variant": "aws-nitro" };
    const double = { version, variant: "awsnitro" } as const;
    const { code, stderr, calls } = await runOver(double, { annotations, config: UNRESTRICTED });
    if (version === "1.19.0") {
      assertEquals([code, calls], [1, []]);
      assertStringIncludes(
        stderr,
        "libkrun-awsnitro.so.1, has no krun_set_root; install the aws-nitro",
      );
      return;
    }
    assertEquals(calls, [
      "krun_set_vm_config",
      "krun_set_root",
      "krun_set_console_output",
      "krun_set_exec",
      ...isolation(version),
      "krun_set_log_level",
      "krun_start_enter",
    ], stderr);
  });
}
