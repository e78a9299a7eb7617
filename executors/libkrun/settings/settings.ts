/**
 * A bundle's settings for its microVM: from its annotations, then its image's `.krun_vm.json`, then the administrator's
 * file, within the limits of the spec (choices.ts). Pure. Annotations that are not in annotation_table.ts are ignored, as
 * the runtime spec requires ("Annotations").
 */
import type { LibraryPlace } from "../../../ffi/libkrun.ts";
import { type AdministratorWord, NO_WORD } from "../../../runtime/administrator.ts";
import type { Given } from "../../../runtime/administrator_file.ts";
import { egressLists } from "../../../runtime/egress_lists.ts";
import { findNamespace } from "../../../runtime/spec/namespaces.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";
import {
  annotationError,
  choiceAnnotation,
  flagAnnotation,
  integerAnnotation,
  listAnnotation,
  textAnnotation,
} from "./annotations.ts";
import { type Choices, chooseSettings } from "./choices.ts";
import { type Disk, parseDisk } from "./disks.ts";
import { macOf } from "./mac.ts";
import { requireWord } from "./required_word.ts";
import type { VmFile } from "./vm_file.ts";
import { parseVsockPort, type VsockPort } from "./vsock_ports.ts";
import { given } from "../../../runtime/common/given.ts";

/** The settings of one microVM. */
export interface VmSettings {
  readonly cpus: number;
  readonly ramMib: number;
  /** May the guest's RAM exceed the memory limit, which is enforced inside? */
  readonly elastic?: true;
  /** 0 off, 1 errors, 2 warnings, 3 information, 4 debugging, 5 everything (libkrun.h). */
  readonly logLevel: number;
  /** The version of its functions, which is detected on the host; absent for 1.x. */
  readonly abi?: 2;
  /** A libkrun that the administrator names, or kago's own, in place of the dynamic linker's. */
  readonly library?: LibraryPlace;
  /** A libkrunfw that the administrator names, in place of the one that libkrun finds. */
  readonly firmware?: Given<string>;
  /** Does the guest agent run the container's process? */
  readonly agent?: true;
  readonly variant?: "sev" | "tdx" | "aws-nitro";
  /** Absent: TSI, unless the network namespace is empty. */
  readonly network?: PasstNetwork | TapNetwork | NoNetwork;
  /** Has the container another network namespace than its caller? */
  readonly ownNetwork?: true;
  /** For TSI: `HOST:GUEST` pairs; without it every listening port is opened. */
  readonly portMap?: readonly string[];
  readonly vsockPorts?: readonly VsockPort[];
  readonly disks?: readonly Disk[];
  /** Mounts whose changes on the host are reported to the guest, as in the annotation. */
  readonly watch?: readonly string[];
  /** `none`, or a path in the container. */
  readonly console?: string;
  readonly nestedVirt?: true;
  readonly gpuFlags?: number;
  readonly kernel?: Kernel;
  readonly rootTag?: string;
  /** Bytes. */
  readonly daxWindow?: number;
  /** The command of an enclave, and of a guest of libkrun 2 without the agent; all other guests read it from a file. */
  readonly command?: {
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd?: string;
  };
}

interface PasstNetwork {
  readonly kind: "passt";
  readonly ports?: readonly string[];
  /** The administrator's key that chose it. Then it is no error if the container has no network. */
  readonly byFile?: string;
}

/** The place that requires passt: the administrator's key, if that chose it. */
export function passtPlace(byFile?: string): string {
  return byFile ?? 'annotations["krun.use_passt"]';
}

/** Only loopback, whatever network the container has. */
interface NoNetwork {
  readonly kind: "none";
  readonly byFile: string;
}

interface TapNetwork {
  readonly kind: "tap";
  readonly name: string;
  /** Six bytes in hexadecimal with colons. */
  readonly mac: string;
}

/** An external kernel; paths are in the container. */
export interface Kernel {
  readonly path: string;
  /** libkrun.h, KRUN_KERNEL_FORMAT_*. */
  readonly format: number;
  readonly initrd?: string;
  readonly cmdline?: string;
}

/**
 * The settings from annotations, the image's file and limits.
 * @param word the administrator's permissions, of the command line and of the file.
 * @param choices the result of chooseSettings() for the same.
 * @throws {SpecError} for an annotation that is malformed, contradicts another, or is not allowed.
 */
export function readVmSettings(
  spec: Spec,
  id: string,
  vmFile: VmFile = {},
  word: AdministratorWord = NO_WORD,
  choices: Choices = chooseSettings(spec, vmFile, word.defaults),
): VmSettings {
  requireWord(spec, vmFile, word);
  const { cpus, ramMib, logLevel, disks, daxWindow } = choices;
  const network = networkOf(spec, id, choices.network);
  const variant = choiceAnnotation(spec, "krun.variant");
  const agent = agentOf(spec, vmFile);
  const watch = watchOf(spec, agent);
  const elastic = integerAnnotation(spec, "krun.ram_max_mib") !== undefined;
  if (elastic) checkElastic(spec, agent);
  return {
    cpus: cpus.value,
    ramMib: ramMib.value,
    logLevel: logLevel.value,
    ...given({
      library: word.library,
      // A flavour has a firmware of its own.
      firmware: variant ? undefined : word.defaults?.kernel,
      variant,
      elastic: elastic || undefined,
      agent,
      network,
      ownNetwork: findNamespace(spec, "network") && true as const,
      portMap: network ? undefined : portMapOf(spec),
      vsockPorts: vsockPortsOf(spec),
      watch,
      disks: disks.value.length > 0 ? disks.value.map(parseDisk) : undefined,
      console: consoleOf(spec),
      nestedVirt: flagAnnotation(spec, "krun.nested_virt") || undefined,
      gpuFlags: gpuFlagsOf(spec),
      kernel: kernelOf(spec, vmFile),
      rootTag: vmFile.virtiofs_tag,
      daxWindow: daxWindow.value,
      command: commandOf(spec),
    }),
  };
}

/** libkrun's own guest init starts the agent, from a root for which another kernel would not look. */
function agentOf(spec: Spec, vmFile: VmFile): true | undefined {
  const asked = flagAnnotation(spec, "krun.agent");
  const without = choiceAnnotation(spec, "krun.variant") !== undefined ||
    flagAnnotation(spec, "krun.custom_kernel") || vmFile.virtiofs_tag !== undefined;
  if (asked && without) {
    throw annotationError(
      "krun.agent",
      "cannot be combined with krun.variant, krun.custom_kernel or virtiofs_tag: leave it out",
    );
  }
  return (asked ?? !without) ? true : undefined;
}

function checkElastic(spec: Spec, agent: true | undefined): void {
  if (integerAnnotation(spec, "krun.ram_mib") !== undefined) {
    throw annotationError(
      "krun.ram_max_mib",
      "cannot be combined with krun.ram_mib: set only one of them",
    );
  }
  if (agent) return;
  throw annotationError(
    "krun.ram_max_mib",
    "needs the guest agent, which puts the memory limit into force: leave krun.agent, krun.variant, krun.custom_kernel " +
      "and virtiofs_tag out, or set krun.ram_mib instead",
  );
}

function watchOf(spec: Spec, agent: true | undefined): readonly string[] | undefined {
  const paths = listAnnotation(spec, "krun.watch");
  if (!paths?.length) return undefined;
  if (agent) return paths;
  throw annotationError(
    "krun.watch",
    "needs the guest agent, which makes the events: leave krun.agent, krun.variant, krun.custom_kernel and virtiofs_tag out",
  );
}

function networkOf(
  spec: Spec,
  id: string,
  { value: kind, from }: Choices["network"],
): VmSettings["network"] {
  const passt = flagAnnotation(spec, "krun.use_passt");
  const name = textAnnotation(spec, "krun.tap_name");
  const ports = portMapOf(spec);
  if (kind === "none") {
    if (!ports?.length) return { kind, byFile: from };
    throw annotationError("krun.port_map", `needs a network, which ${from} sets to none`);
  }
  if (name === undefined) {
    if (kind !== "passt") return undefined;
    return { kind, ...given({ ports, byFile: passt ? undefined : from }) };
  }
  if (passt) {
    throw annotationError(
      "krun.tap_name",
      "cannot be combined with krun.use_passt: set only one of them",
    );
  }
  const [limits] = egressLists(spec);
  if (limits) {
    throw annotationError(
      "krun.tap_name",
      `cannot be combined with ${limits.from}, which applies to sockets, not to frames of a network card: ` +
        "leave one of them out",
    );
  }
  if (!ports) return { kind: "tap", name, mac: macOf(id) };
  const remedy = "leave it out, and forward ports on the host's side of the interface";
  throw annotationError("krun.port_map", `cannot be combined with krun.tap_name: ${remedy}`);
}

function portMapOf(spec: Spec): readonly string[] | undefined {
  const pairs = listAnnotation(spec, "krun.port_map");
  for (const port of (pairs ?? []).flatMap((pair) => pair.split(":").map(Number))) {
    if (port >= 1 && port <= 65535) continue;
    throw annotationError("krun.port_map", `has the port ${port}, must be from 1 to 65535`);
  }
  return pairs;
}

function vsockPortsOf(spec: Spec): readonly VsockPort[] | undefined {
  const ports = listAnnotation(spec, "krun.vsock")?.map(parseVsockPort);
  const numbers = (ports ?? []).map(({ port }) => port);
  const twice = numbers.find((port, index) => numbers.indexOf(port) !== index);
  if (twice === undefined) return ports;
  throw annotationError("krun.vsock", `names port ${twice} twice`);
}

function consoleOf(spec: Spec): string | undefined {
  const console = textAnnotation(spec, "krun.console");
  if (console === undefined || !spec.process?.terminal) return console;
  throw annotationError(
    "krun.console",
    "cannot be combined with process.terminal: the terminal of a guest is its kernel's console",
  );
}

/** virglrenderer.h, VIRGL_RENDERER_RENDER_SERVER: the renderer is a separate program, found by its path. */
const RENDER_SERVER = 1 << 9;

/** The VMM runs in the container's root, so that program and its libraries would be chosen by the image. */
function gpuFlagsOf(spec: Spec): number | undefined {
  const flags = integerAnnotation(spec, "krun.gpu_flags");
  if (flags === undefined || (flags & RENDER_SERVER) === 0) return flags;
  throw annotationError(
    "krun.gpu_flags",
    `has the flag RENDER_SERVER (${RENDER_SERVER}), with which the VMM would execute a program of the image: leave the ` +
      `flag out (${(flags ^ RENDER_SERVER) >>> 0})`,
  );
}

function commandOf(spec: Spec): VmSettings["command"] {
  if (choiceAnnotation(spec, "krun.variant") !== "aws-nitro") return undefined;
  return { args: spec.process?.args ?? [], env: spec.process?.env ?? [] };
}

/** As crun: an image's own kernel is used only if the user allows it, and requires its format. */
function kernelOf(spec: Spec, vmFile: VmFile): Kernel | undefined {
  const { kernel_path: path, kernel_format: format } = vmFile;
  if (!flagAnnotation(spec, "krun.custom_kernel")) return undefined;
  if (path === undefined || format === undefined) {
    throw annotationError(
      "krun.custom_kernel",
      "needs kernel_path and kernel_format in the image's /.krun_vm.json",
    );
  }
  const { initrd_path: initrd, kernel_cmdline: cmdline } = vmFile;
  return { path, format, ...given({ initrd, cmdline }) };
}
