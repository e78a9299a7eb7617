/**
 * The settings of a microVM as calls of libkrun, in the VMM's process, once it stands in the container. Paths that a
 * bundle or an image names are looked up in the container's root, and libkrun gets them by descriptor.
 */
import type { Libkrun } from "../../ffi/libkrun.ts";
import { openInRoot, tryOpenDevice } from "../../ffi/shim.ts";
import { describeErrno, HostError } from "../../runtime/errors.ts";
import { joinPath } from "../../runtime/plan/path.ts";
import { type AgentFolders, configureAgent } from "./vm_agent.ts";
import type { VmSettings } from "./settings.ts";
import { configureConsole } from "./vm_console.ts";
import { configureNetwork } from "./vm_network.ts";

export interface Vm {
  readonly libkrun: Libkrun;
  readonly context: number;
  /** Our end of passt's socket, when it serves the guest. */
  readonly passt?: number;
}

/** Where the container's root is for the VMM. */
const ROOT = "/";

/** libkrun.h, KRUN_DISK_FORMAT_*. */
const DISK_FORMATS = { raw: 0, qcow2: 1 } as const;

/** The tag under which a guest kernel looks for its root (libkrun.h, KRUN_FS_ROOT_TAG). */
const ROOT_TAG = "/dev/root";

/** Bytes; what krun_set_root() takes. */
const DAX_WINDOW = 512 * 1024 * 1024;

/**
 * Tells libkrun all but to start.
 * @throws {HostError} for a device that the container's user cannot open, or a libkrun that lacks what is wanted.
 * @throws {SyscallError} for a path that is not in the container, or what libkrun refuses.
 */
export function configureVm(vm: Vm, settings: VmSettings, agent: AgentFolders): void {
  const { libkrun, context } = vm;
  if (settings.variant !== "aws-nitro") requireKvm();
  libkrun.setVmConfig(context, settings.cpus, settings.ramMib);
  if (settings.agent) configureAgent(vm, settings, agent);
  else configureRoot(vm, settings);
  configureKernel(vm, settings);
  configureDisks(vm, settings);
  configureNetwork(vm, settings);
  configureVsock(vm, settings);
  configureConsole(vm, settings, ROOT);
  configureProcessor(vm, settings);
  libkrun.setLogLevel(settings.logLevel);
}

/** libkrun panics over a device that it cannot open. */
function requireKvm(): void {
  const errno = tryOpenDevice("/dev/kvm");
  if (errno === 0) return;
  throw new HostError(
    `the container's user cannot open its /dev/kvm: ${describeErrno(errno)}`,
    "look at its owner and mode (in a user namespace they are the host's), at " +
      "linux.resources.devices, and for nodev on /dev",
  );
}

/** As crun: an encrypted guest boots from a disk in the image, an enclave takes the root and its command whole. */
function configureRoot({ libkrun, context }: Vm, settings: VmSettings): void {
  const { variant, rootTag, daxWindow, command } = settings;
  const { extras } = libkrun;
  if (variant === "sev") {
    const from = 'annotations["krun.variant"]';
    extras.call("krun_set_root_disk", from, context, inContainer("/disk.img"));
    extras.call("krun_set_tee_config_file", from, context, inContainer("/krun-sev.json"));
  } else if (rootTag !== undefined || daxWindow !== undefined) {
    const size = BigInt(daxWindow ?? DAX_WINDOW);
    extras.call("krun_add_virtiofs2", ".krun_vm.json", context, rootTag ?? ROOT_TAG, ROOT, size);
  } else libkrun.setRoot(context, ROOT);
  if (variant === "aws-nitro" && command) {
    const from = 'annotations["krun.variant"]';
    const { args, env } = command;
    extras.call("krun_set_console_output", from, context, "/dev/stdout");
    extras.call("krun_set_exec", from, context, args[0] ?? "", args, env);
  }
}

function configureKernel({ libkrun: { extras }, context }: Vm, { kernel }: VmSettings): void {
  if (!kernel) return;
  const { path, format, initrd, cmdline } = kernel;
  const initrdPath = initrd === undefined ? null : inContainer(initrd);
  const from = 'annotations["krun.custom_kernel"]';
  extras.call(
    "krun_set_kernel",
    from,
    context,
    inContainer(path),
    format,
    initrdPath,
    cmdline ?? null,
  );
}

function configureDisks({ libkrun: { extras }, context }: Vm, { disks = [] }: VmSettings): void {
  disks.forEach(({ path, format, readOnly }, index) => {
    const from = 'annotations["krun.disk"]';
    const name = `disk${index}`;
    const file = inContainer(path);
    extras.call("krun_add_disk2", from, context, name, file, DISK_FORMATS[format], readOnly);
  });
}

function configureVsock(
  { libkrun: { extras }, context }: Vm,
  { vsockPorts = [] }: VmSettings,
): void {
  for (const { port, path, listen } of vsockPorts) {
    // A socket to listen on is not there yet, its folder is.
    const slash = path.lastIndexOf("/");
    const socket = listen
      ? `${inContainer(path.slice(0, slash) || "/")}/${path.slice(slash + 1)}`
      : inContainer(path);
    const from = 'annotations["krun.vsock"]';
    extras.call("krun_add_vsock_port2", from, context, port, socket, listen);
  }
}

function configureProcessor({ libkrun: { extras }, context }: Vm, settings: VmSettings): void {
  const { nestedVirt, gpuFlags } = settings;
  if (nestedVirt) {
    extras.call("krun_set_nested_virt", 'annotations["krun.nested_virt"]', context, true);
  }
  if (gpuFlags !== undefined) {
    extras.call("krun_set_gpu_options", 'annotations["krun.gpu_flags"]', context, gpuFlags);
  }
}

/** The path by which libkrun opens what the container has at `path`; the descriptor stays open for it. */
function inContainer(path: string): string {
  return `/proc/self/fd/${openInRoot(ROOT, joinPath("/", path))}`;
}
