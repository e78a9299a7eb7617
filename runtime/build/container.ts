/**
 * The builder: turns a bundle folder into everything that `create` needs, without any effect on the host, so that `kago
 * plan` shows exactly what `create` does.
 */
import { pickExecutor } from "../../executors/registry.ts";
import type { Executor, RootFile } from "../../executors/interface/executor.ts";
import { readHostFacts } from "../host_facts.ts";
import { phase } from "../common/phases.ts";
import { compilePlan } from "../plan/compile.ts";
import type { HostFacts } from "../plan/compile_input.ts";
import type { SettingWords } from "../plan/format.ts";
import { ignoredOptions } from "../plan/mounts.ts";
import type { Op, Plan } from "../plan/op.ts";
import { joinPath } from "../common/path.ts";
import { loadSpec } from "../config/load.ts";
import type { ResctrlBuild } from "../resctrl/group.ts";
import type { Spec } from "../spec/spec.ts";
import { buildCgroup, type CgroupBuild, type CgroupRequest } from "./cgroup.ts";
import { buildEgress, withTrustedFile } from "./egress.ts";
import { buildNetDevices } from "./net_devices.ts";
import { buildResctrl } from "./resctrl.ts";
import { buildSeccomp } from "./seccomp.ts";
import type { Task } from "../stages/conversation.ts";
import { notifyFolder, withNotify } from "../stages/sd_notify.ts";
import { given } from "../common/given.ts";

/** The options of the command line for a new container. */
export interface BuildRequest extends CgroupRequest {
  /** The state root; absent for `plan`, which stores nothing. */
  readonly root?: string;
  readonly bundle: string;
  /** Relative to the bundle. */
  readonly config: string;
  readonly invokedAs: string;
  readonly handler?: string;
  /** Number of descriptors from 3 on that the program gets, including those of `listenFds`. */
  readonly preserveFds: number;
  /** Number of those that are sockets for sd_listen_fds(3), announced to the program. */
  readonly listenFds?: number;
  /** Can the program notify the service manager (sd_notify.ts)? */
  readonly sdNotify?: boolean;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
}

/** A container that is ready to be created. */
export interface Build {
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: string;
  /** As in config.json, unchanged. */
  readonly spec: Spec;
  readonly configText: string;
  readonly executor: Executor;
  readonly rootFiles: readonly RootFile[];
  /** From the executor (executors/interface/executor.ts). */
  readonly leastMemory?: number;
  readonly memoryOutside?: number;
  readonly hasAgent: boolean;
  readonly settings?: readonly SettingWords[];
  readonly checkHost?: () => void;
  readonly host: HostFacts;
  readonly cgroup?: CgroupBuild;
  readonly resctrl?: ResctrlBuild;
  /** Moves the network interfaces that the container gets. */
  readonly moveNetDevices?: Task["moveNetDevices"];
  readonly plan: Plan;
  /** How its first process joins cgroups and resctrl groups; these are also part of the plan. */
  readonly joinOps: readonly Op[];
  /** The host's folder of the socket by which the program notifies the service manager. */
  readonly notifyFolder?: string;
  readonly warnings: readonly string[];
}

/**
 * Builds a container from its bundle.
 * @throws {SpecError} for a config.json that is invalid or not supported.
 * @throws {HostError} when the host has no usable cgroups.
 */
export async function buildContainer(request: BuildRequest): Promise<Build> {
  const { id } = request;
  const bundle = joinPath(Deno.cwd(), request.bundle);
  const { spec: loaded, text, warnings } = await loadSpec(bundle, request.config);
  phase("config.json read and checked");
  const executor = await pickExecutor(loaded, request);
  const notify = notifyFolderOf(request, loaded, executor);
  const trusted = await withTrustedFile(loaded, id);
  const spec = withNotify(withListenFds(trusted, request.listenFds ?? 0), notify.folder);
  const rootfs = joinPath(bundle, spec.root?.path ?? "rootfs");
  // `plan` has no state root; it shows the default one.
  const stateFolder = `${request.root ?? "/run/kago"}/${id}`;
  const context = { id, bundle, rootfs, stateFolder, ...given({ word: request.word }) };
  executor.validate(spec, context);
  const prepared = await executor.preExec(spec, context);
  const host = readHostFacts();
  const cgroup = await buildCgroup(request, prepared.spec);
  phase("host and cgroup looked at");
  const egress = await buildEgress(
    { ...request, bundle },
    prepared.spec,
    prepared.runner === undefined,
    cgroup.build,
  );
  if (egress) phase("egress rules made");
  const seccomp = await buildSeccomp(spec, request.root);
  phase("seccomp filter made");
  const resctrl = await buildResctrl(id, spec);
  const moveNetDevices = await buildNetDevices(spec);
  const plan = compilePlan({
    id,
    spec: prepared.spec,
    bundle,
    rootfs,
    host,
    ...given({
      cgroup: cgroup.facts,
      resctrlJoinOps: resctrl?.joinOps,
      seccomp: seccomp.filter,
      runner: prepared.runner,
    }),
    preserveFds: request.preserveFds,
    noPivot: request.noPivot,
    noNewKeyring: request.noNewKeyring,
  });
  phase("plan compiled");
  return {
    id,
    bundle,
    rootfs,
    spec,
    configText: text,
    executor,
    rootFiles: prepared.rootfsFiles,
    ...given({
      leastMemory: prepared.leastMemory,
      memoryOutside: prepared.memoryOutside,
      settings: egress ? [...(prepared.settings ?? []), ...egress.settings] : prepared.settings,
      checkHost: prepared.checkHost,
      cgroup: egress && cgroup.build
        ? { ...cgroup.build, attachEgress: egress.attach }
        : cgroup.build,
      resctrl,
      moveNetDevices,
      notifyFolder: notify.folder,
    }),
    hasAgent: prepared.hasAgent ?? false,
    host,
    plan,
    joinOps: [...(cgroup.facts?.joinOps ?? []), ...(resctrl?.joinOps ?? [])],
    warnings: [
      ...warnings,
      ...notify.warnings,
      ...ignoredOptions(spec),
      ...prepared.warnings,
      ...seccomp.warnings,
    ],
  };
}

function notifyFolderOf(
  { root, id, sdNotify }: BuildRequest,
  { process }: Spec,
  { noNotify }: Executor,
): { folder?: string; warnings: string[] } {
  if (!sdNotify || root === undefined || !process) return { warnings: [] };
  if (noNotify === undefined) return { folder: notifyFolder(root, id), warnings: [] };
  return { warnings: [`NOTIFY_SOCKET is ignored: ${noNotify}`] };
}

/** The program has pid 1 in its pid namespace, which is the value of LISTEN_PID. */
function withListenFds(spec: Spec, count: number): Spec {
  if (count === 0 || !spec.process) return spec;
  const env = [...(spec.process.env ?? []), `LISTEN_FDS=${count}`, "LISTEN_PID=1"];
  return { ...spec, process: { ...spec.process, env } };
}
