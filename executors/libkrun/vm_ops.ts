/**
 * The settings of a microVM as operations of its VMM: the calls of libkrun, in order, with their arguments. Pure. The VMM
 * looks up the paths of a bundle or an image in the container's root, and libkrun gets them as descriptors.
 */
import { librariesOf, loadedBefore } from "../../ffi/libkrun.ts";
import type { Op } from "../../runtime/plan/op.ts";
import { AGENT_SOCKET } from "../../runtime/stages/agent_socket.ts";
import { DISKS_FROM } from "./guest/disks.ts";
import { argument, call, callOfAll } from "./krun_call.ts";
import type { PasstCommand } from "./passt.ts";
import { passtPlace, type VmSettings } from "./settings/settings.ts";
import {
  AGENT,
  AGENT_FROM,
  DAX_WINDOW,
  DISK_FORMATS,
  ROOT,
  ROOT_TAG,
  STREAMS_SOCKET,
} from "./shared_ops.ts";
import { networkOps } from "./vm_network.ts";
import { closingOps2, openingOps2 } from "./vm_ops_2.ts";
import { jailFeatures } from "./vmm_features.ts";
import { WATCH_FROM } from "./watch.ts";

const { number, text, file, newFile, list } = argument;

/** On the host, before any namespace is entered: a library that is loaded by its path is opened, once. */
export function earlyOps({ library, firmware, variant, abi }: VmSettings): readonly Op[] {
  const from = library?.from ?? firmware?.from;
  if (from === undefined) return [];
  const before = loadedBefore(library, firmware?.value, abi);
  return [{
    op: "krunOpen",
    before,
    libraries: library ? librariesOf(library.path, variant) : [],
    from,
  }];
}

/** While the host's files are reachable. */
export function openingOps(
  settings: VmSettings,
  passt: PasstCommand | undefined,
): readonly Op[] {
  const { library, firmware, network, variant, watch, abi } = settings;
  const load: readonly Op[] = [
    {
      op: "krunLoad",
      before: loadedBefore(library, firmware?.value, abi),
      libraries: librariesOf(library?.path, variant, abi),
      abi: abi ?? 1,
    },
    ...(abi === 2 ? openingOps2(settings) : []),
    ...(watch ? [{ op: "watchOpen", from: WATCH_FROM } as const] : []),
  ];
  if (!passt) return load;
  const byFile = network?.kind === "passt" ? network.byFile : undefined;
  const mayLack = byFile === undefined ? 0 : 1;
  return [...load, { op: "krunPasst", ...passt, mayLack, from: passtPlace(byFile) }];
}

/** In the container, after `start`. */
export function closingOps(settings: VmSettings): readonly Op[] {
  const { cpus, ramMib, variant, logLevel, abi } = settings;
  if (abi === 2) return closingOps2(settings);
  return [
    ...(variant === "aws-nitro" ? [] : [{ op: "krunKvm" } as const]),
    call("krun_set_vm_config", "", number(cpus), number(ramMib)),
    ...(settings.agent ? agentOps(settings) : rootOps(settings)),
    ...kernelOps(settings),
    ...diskOps(settings),
    ...networkOps(settings),
    ...vsockOps(settings),
    ...consoleOps(settings),
    ...processorOps(settings),
    // Once per process: a second call makes libkrun panic. It applies to all contexts.
    callOfAll("krun_set_log_level", number(logLevel)),
    ...(settings.agent ? [{ op: "vmmStreams", from: AGENT_FROM } as const] : []),
    { op: "vmmJail", ...jailFeatures(settings) },
    { op: "krunEnter", builder: 0 },
  ];
}

/**
 * The guest's root is a folder that only the VMM can reach, with the agent in it. The container's files are a second
 * device, which the agent mounts. The agent's port is a socket on the host.
 */
function agentOps({ daxWindow }: VmSettings): readonly Op[] {
  const from = AGENT_FROM;
  const tag = text(AGENT.tag);
  const socket = argument.runFile(AGENT_SOCKET);
  const streams = argument.runFile(STREAMS_SOCKET);
  // Without a window, the guest's kernel would complain on the container's standard error.
  const mounting = daxWindow ? [AGENT.dax] : [];
  return [
    call("krun_set_root", from, argument.agentRoot),
    // No window unless it is requested: docs/microvm.md has the measurements. An empty window means none.
    !daxWindow
      ? call("krun_add_virtiofs", from, tag, ROOT)
      : call("krun_add_virtiofs2", from, tag, ROOT, number(daxWindow)),
    call("krun_add_vsock_port2", from, number(AGENT.port), socket, number(true)),
    call("krun_add_vsock_port2", from, number(AGENT.streamsPort), streams, number(false)),
    call("krun_set_exec", from, text(AGENT.program), list(...mounting), argument.card),
  ];
}

/**
 * As crun, which has no TDX: an encrypted guest boots from a disk in the image, an enclave gets the root and its command.
 */
function rootOps({ variant, rootTag, daxWindow, command }: VmSettings): readonly Op[] {
  const from = 'annotations["krun.variant"]';
  if (variant === "sev" || variant === "tdx") {
    return [
      call("krun_set_root_disk", from, file("/disk.img")),
      call("krun_set_tee_config_file", from, file(`/krun-${variant}.json`)),
    ];
  }
  const size = number(daxWindow ?? DAX_WINDOW);
  const root = rootTag !== undefined || daxWindow !== undefined
    ? call("krun_add_virtiofs2", ".krun_vm.json", text(rootTag ?? ROOT_TAG), ROOT, size)
    : call("krun_set_root", "", ROOT);
  if (variant !== "aws-nitro" || !command) return [root];
  const [args, env] = [list(...command.args), list(...command.env)];
  return [
    root,
    call("krun_set_console_output", from, text("/dev/stdout")),
    call("krun_set_exec", from, text(command.args[0] ?? ""), args, env),
  ];
}

function kernelOps({ kernel }: VmSettings): readonly Op[] {
  if (!kernel) return [];
  const { path, format, initrd, cmdline } = kernel;
  return [
    call(
      "krun_set_kernel",
      'annotations["krun.custom_kernel"]',
      file(path),
      number(format),
      initrd === undefined ? argument.null : file(initrd),
      cmdline === undefined ? argument.null : text(cmdline),
    ),
  ];
}

function diskOps({ disks = [] }: VmSettings): readonly Op[] {
  return disks.map(({ path, format, readOnly }, index) =>
    call(
      "krun_add_disk2",
      DISKS_FROM,
      ...[text(`disk${index}`), file(path), number(DISK_FORMATS[format]), number(readOnly)],
    )
  );
}

function vsockOps({ vsockPorts = [] }: VmSettings): readonly Op[] {
  return vsockPorts.map(({ port, path, listen }) =>
    call(
      "krun_add_vsock_port2",
      'annotations["krun.vsock"]',
      ...[number(port), listen ? newFile(path) : file(path), number(listen)],
    )
  );
}

/**
 * Separates the guest kernel's console from the process's input and output: libkrun's own console writes to the file,
 * including the process's output, so that output goes through a second device. (Without the file, the guest's kernel would
 * have no console, and its init would then mix up its own descriptors.)
 */
function consoleOps({ console }: VmSettings): readonly Op[] {
  if (console === undefined) return [];
  const path = console === "none" ? "/dev/null" : console;
  const from = 'annotations["krun.console"]';
  const port = (name: string, input: number, output: number) =>
    call(
      "krun_add_console_port_inout",
      from,
      ...[argument.result, text(name), number(input), number(output)],
    );
  return [
    call("krun_set_console_output", from, argument.outputFile(path)),
    { ...call("krun_add_virtio_console_multiport", from), keepResult: 1 },
    port("krun-stdin", 0, -1),
    port("krun-stdout", -1, 1),
    port("krun-stderr", -1, 2),
  ];
}

function processorOps({ nestedVirt, gpuFlags }: VmSettings): readonly Op[] {
  const nested = 'annotations["krun.nested_virt"]';
  const gpu = 'annotations["krun.gpu_flags"]';
  return [
    ...(nestedVirt ? [call("krun_set_nested_virt", nested, number(true))] : []),
    ...(gpuFlags === undefined ? [] : [call("krun_set_gpu_options", gpu, number(gpuFlags))]),
  ];
}
