/**
 * The settings of a microVM as calls of libkrun 2 (vm_ops.ts has those of 1.x): objects are created, connected, and built
 * into a VM, which has no implicit devices. Pure. docs/microvm.md names the header that this follows.
 */
import { HostError } from "../../runtime/common/errors.ts";
import { CALLED_IF, KRUN_OBJECTS, type KrunObject, type Op } from "../../runtime/plan/op.ts";
import { AGENT_SOCKET } from "../../runtime/stages/agent_socket.ts";
import {
  AGENT,
  AGENT_FROM,
  DAX_WINDOW,
  DISK_FORMATS,
  ROOT,
  ROOT_TAG,
  STREAMS_SOCKET,
} from "./shared_ops.ts";
import { DISKS_FROM } from "./guest/disks.ts";
import { type Argument, argument, callOfAll } from "./krun_call.ts";
import { passtPlace, type VmSettings } from "./settings/settings.ts";
import { NET_FEATURES, PASST_MAC } from "./vm_network.ts";
import { jailFeatures } from "./vmm_features.ts";

const { number, text, file, newFile, mac, list } = argument;

type Call = Op & { op: "krunCall" };

const numberOf = (name: KrunObject): number => KRUN_OBJECTS.indexOf(name);

/** An object that an earlier call has created. */
const object = (name: KrunObject): Argument => ({
  kind: "object",
  number: numberOf(name),
});

function call(name: string, wantedBy: string, ...args: readonly Argument[]): Call {
  return { ...callOfAll(name, ...args), wantedBy, ...(wantedBy && { from: wantedBy }) };
}

/** A call whose result is the object for later calls. */
function make(
  made: KrunObject,
  name: string,
  wantedBy: string,
  ...args: readonly Argument[]
): Call {
  return { ...call(name, wantedBy, ...args), keepResult: numberOf(made) };
}

/** The device belongs to libkrun afterwards. */
const add = (name: KrunObject, wantedBy = ""): Call =>
  call("krun_mmio_device_manager_add", wantedBy, object("devices"), object(name));

const only = (condition: keyof typeof CALLED_IF, ops: readonly Call[]): Call[] =>
  ops.map((op) => ({ ...op, ifIsolated: CALLED_IF[condition] }));

const KERNEL_FROM = 'annotations["krun.custom_kernel"]';

/** @throws {HostError} for settings that only libkrun 1.x supports. */
export function refuseFor2({ console, gpuFlags, portMap }: VmSettings): void {
  const lacks = console !== undefined
    ? ["krun.console", "libkrun 2 cannot write a guest's console to a file"]
    : gpuFlags !== undefined
    ? ["krun.gpu_flags", "libkrun 2 supports a GPU only with a display that its caller provides"]
    : portMap?.length === 0
    ? ["krun.port_map", "libkrun 2 opens all ports if the list is empty"]
    : undefined;
  if (!lacks) return;
  throw new HostError(
    `annotations["${lacks[0]}"]: ${lacks[1]}`,
    "install libkrun 1.x, which can be installed beside it, or leave the annotation out",
  );
}

/** While the host's files are reachable, in which libkrun looks for its firmware. */
export function openingOps2({ kernel }: VmSettings): readonly Op[] {
  return kernel ? [] : [make("payload", "krun_payload_load_krunfw", "")];
}

/** In the container, after `start`. */
export function closingOps2(settings: VmSettings): readonly Op[] {
  const { agent, logLevel } = settings;
  return [
    { op: "krunKvm" },
    ...kernelOps(settings),
    ...initOps(settings),
    ...rootOps(settings),
    // Once per process. Standard error; colours as in 1.x, and no environment variable can change that.
    callOfAll("krun_init_log", number(-1), number(logLevel), number(0), number(1)),
    ...(agent ? [{ op: "vmmStreams", from: AGENT_FROM } as const] : []),
    ...deviceOps(settings),
    ...diskOps(settings),
    ...vsockOps(settings),
    ...cardOps(settings),
    ...builderOps(settings),
    { op: "vmmJail", ...jailFeatures(settings) },
    { op: "krunEnter", builder: numberOf("builder") },
  ];
}

/** libkrun.h, KRUN_KERNEL_FORMAT_*: the first two are swapped since 1.x. */
const KERNEL_FORMATS: Readonly<Record<number, number>> = { 0: 1, 1: 0 };

function kernelOps({ kernel }: VmSettings): readonly Op[] {
  if (!kernel) return [];
  const { path, format, initrd, cmdline } = kernel;
  return [
    make(
      "payload",
      "krun_payload_load_external",
      KERNEL_FROM,
      file(path),
      number(KERNEL_FORMATS[format] ?? format),
      initrd === undefined ? argument.null : file(initrd),
      cmdline === undefined ? argument.null : text(cmdline),
    ),
  ];
}

/** libkrun's own guest init, a separate library: it is mounted over the root, and runs the command. */
function initOps({ agent, daxWindow, command }: VmSettings): readonly Op[] {
  const from = agent ? AGENT_FROM : "";
  const init = object("init");
  const mounting = daxWindow ? [AGENT.dax] : [];
  return [
    make("overlay", "krun_fs_overlay_new", from),
    make("init", "krun_init_config_builder", from),
    ...(agent
      ? [
        call("krun_init_builder_args", from, init, list(AGENT.program, ...mounting)),
        call("krun_init_builder_env", from, init, argument.card),
      ]
      : [
        call("krun_init_builder_args", "process.args", init, list(...command?.args ?? [])),
        call("krun_init_builder_env", "process.env", init, list(...command?.env ?? [])),
        call("krun_init_builder_workdir", "process.cwd", init, text(command?.cwd ?? "/")),
      ]),
    make("initConfig", "krun_init_builder_build", from, init),
    call(
      "krun_init_config_apply_in",
      from,
      ...[object("initConfig"), argument.library, object("overlay"), object("payload")],
    ),
  ];
}

function share(made: KrunObject, from: string, tag: string, path: Argument, window?: number): Op[] {
  const device = make(made, "krun_fs_device_new", from, text(tag), path);
  if (!window) return [device];
  return [
    device,
    call("krun_fs_device_set_dax_window_size", from, object(made), number(window)),
  ];
}

function rootOps({ agent, rootTag, daxWindow }: VmSettings): readonly Op[] {
  const own = rootTag === undefined ? "" : ".krun_vm.json";
  return [
    ...(agent
      ? [
        ...share("root", AGENT_FROM, ROOT_TAG, argument.agentRoot),
        ...share("files", AGENT_FROM, AGENT.tag, ROOT, daxWindow),
      ]
      : share("root", own, rootTag ?? ROOT_TAG, ROOT, daxWindow ?? DAX_WINDOW)),
    call("krun_fs_device_set_overlay", "", object("root"), object("overlay")),
  ];
}

/** The devices that 1.x gives every guest implicitly, in its order. */
function deviceOps({ agent }: VmSettings): readonly Op[] {
  const streams = [number(0), number(1), number(2)];
  return [
    make("devices", "krun_mmio_device_manager_new", ""),
    make("device", "krun_balloon_device_new", ""),
    add("device"),
    make("device", "krun_rng_device_new", ""),
    add("device"),
    make("console", "krun_console_device_builder", ""),
    call("krun_console_builder_add_default_console", "", object("console"), ...streams),
    make("device", "krun_console_builder_build", "", object("console")),
    add("device"),
    add("root"),
    ...(agent ? [add("files", AGENT_FROM)] : []),
  ];
}

function diskOps({ disks = [] }: VmSettings): readonly Op[] {
  const from = DISKS_FROM;
  return disks.flatMap(({ path, format, readOnly }, index) => [
    make(
      "device",
      "krun_block_device_new",
      from,
      ...[text(`disk${index}`), file(path), number(DISK_FORMATS[format])],
    ),
    call("krun_block_device_set_read_only", from, object("device"), number(readOnly)),
    add("device", from),
  ]);
}

/** libkrun.h, KRUN_TSI_FLAGS_*: the guest's internet sockets are sockets of the host. */
const IMPERSONATED = number(1);
const OWN = number(0);

/** The guest's vsock address; 1.x gives every guest the same. */
const CID = number(3);

function vsockOps(settings: VmSettings): readonly Op[] {
  const { agent, network, ownNetwork, portMap, vsockPorts = [] } = settings;
  const vsock = (wantedBy: string, flags: Argument) =>
    make("vsock", "krun_vsock_device_new", wantedBy, CID, flags);
  const port = (from: string, ...args: readonly Argument[]) =>
    call("krun_vsock_device_add_unix_port", from, object("vsock"), ...args);
  const { runFile } = argument;
  const agents = [
    port(AGENT_FROM, number(AGENT.port), runFile(AGENT_SOCKET), number(true)),
    port(AGENT_FROM, number(AGENT.streamsPort), runFile(STREAMS_SOCKET), number(false)),
  ];
  return [
    ...(network ? [vsock("", OWN)] : !ownNetwork ? [vsock("", IMPERSONATED)] : [
      { op: "krunIsolate", functions: [] } as const,
      ...only("isolated", [vsock("the empty network namespace", OWN)]),
      ...only("connected", [vsock("", IMPERSONATED)]),
    ]),
    ...(agent ? agents : []),
    ...vsockPorts.map(({ port: guest, path, listen }) =>
      port(
        'annotations["krun.vsock"]',
        ...[number(guest), listen ? newFile(path) : file(path), number(listen)],
      )
    ),
    ...(portMap ?? []).map((pair) => {
      const from = 'annotations["krun.port_map"]';
      // In the annotation and in 1.x the host's port comes first, here the guest's.
      const forward = text(pair.split(":").reverse().join(":"));
      return call("krun_vsock_device_add_port_forward", from, object("vsock"), forward);
    }),
    add("vsock"),
  ];
}

const NAME_OF_CARD = text("net0");

function cardOps({ network }: VmSettings): readonly Op[] {
  const features = number(NET_FEATURES);
  if (network?.kind === "tap") {
    const from = 'annotations["krun.tap_name"]';
    const args = [NAME_OF_CARD, text(network.name), mac(network.mac), features];
    return [make("device", "krun_net_device_new_tap", from, ...args), add("device", from)];
  }
  if (network?.kind !== "passt") return [];
  const from = passtPlace(network.byFile);
  const args = [NAME_OF_CARD, argument.passt, PASST_MAC, features, number(0)];
  const card = [
    make("device", "krun_net_device_new_unixstream_fd", from, ...args),
    add("device", from),
  ];
  // The administrator's passt is not started in an empty namespace.
  return network.byFile === undefined ? card : only("connected", card);
}

function builderOps({ cpus, ramMib, nestedVirt }: VmSettings): readonly Op[] {
  const builder = object("builder");
  const nested = 'annotations["krun.nested_virt"]';
  return [
    make("builder", "krun_vmm_builder_new", ""),
    call("krun_vmm_builder_vcpus", "", builder, number(cpus)),
    call("krun_vmm_builder_ram_mib", "", builder, number(ramMib)),
    call("krun_vmm_builder_payload", "", builder, object("payload")),
    call("krun_vmm_builder_devices", "", builder, object("devices")),
    ...(nestedVirt ? [call("krun_vmm_builder_nested_virt", nested, builder, number(true))] : []),
  ];
}
