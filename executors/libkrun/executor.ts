/**
 * The libkrun executor: the container as a microVM. Init becomes the VMM (helper-c/vmm). libkrun accesses the container's
 * files and sockets from the VMM process, so the container's namespaces, cgroup and capabilities confine the VMM like a
 * plain process.
 */
import { libkrunAbi } from "../../ffi/libkrun.ts";
import { processors } from "../../ffi/processes.ts";
import { type AdministratorWord, administratorWord } from "../../runtime/administrator.ts";
import { HostError, SpecError } from "../../runtime/common/errors.ts";
import { compileGuestTenantPlan } from "./guest/tenant_plan.ts";
import type { Plan } from "../../runtime/plan/op.ts";
import { joinPath } from "../../runtime/common/path.ts";
import { findNamespace } from "../../runtime/spec/namespaces.ts";
import { given } from "../../runtime/common/given.ts";
import { withOwnLibrary } from "../../runtime/own_files.ts";
import { isRootless } from "../../runtime/rootless.ts";
import type { Resources, Spec } from "../../runtime/spec/spec.ts";
import type { StoredState } from "../../runtime/state/container_state.ts";
import {
  type BundleContext,
  type Executor,
  type PreExecResult,
  type TenantInput,
} from "../interface/executor.ts";
import { choiceAnnotation } from "./settings/annotations.ts";
import { chooseSettings, ERRORS_ONLY } from "./settings/choices.ts";
import { vmDevices, withDevices } from "./devices.ts";
import { elasticMemory, vmMemory } from "./settings/defaults.ts";
import { guestConfigFile, vmmOwner } from "./guest/config_file.ts";
import { guestLimitOps } from "./guest/limits.ts";
import { withGuestMemory } from "./guest/shared_memory.ts";
import { checkLibkrunHost } from "./host_checks.ts";
import { passtCommand } from "./passt.ts";
import { settingLines } from "./settings/setting_lines.ts";
import { readVmSettings, type VmSettings } from "./settings/settings.ts";
import { socketMounts } from "./sockets.ts";
import { watchedMounts } from "./watch.ts";
import { refuseUnenforced } from "./unenforced.ts";
import { onlyFollowed, readVmFile } from "./settings/vm_file.ts";
import { closingOps, earlyOps, openingOps } from "./vm_ops.ts";
import { refuseFor2 } from "./vm_ops_2.ts";
import { vmmCapabilities } from "./vmm_features.ts";
import { vmmRunner } from "./vmm_plan.ts";

export const libkrunExecutor: Executor = {
  name: "krun",
  validate,
  preExec,
  tenantPlan,
  // There is no guest before `start`.
  tenantsNeedStart: true,
  checkUpdate,
  checkCheckpoint,
  findings: async (user, word) => {
    const { microvmFindings } = await import("./findings.ts");
    return microvmFindings(user, word);
  },
  // sd_notify uses datagrams, and only stream sockets of the host can be reached (helper-c/vmm/host_sockets.c).
  noNotify: "a microVM cannot notify a service manager",
};

function tenantPlan(tenant: TenantInput): Plan {
  const { id, state, stateFolder: agentFolder } = tenant;
  if (state.agent) return compileGuestTenantPlan({ ...tenant, agentFolder });
  throw new HostError(
    `cannot exec in container ${id}: it is a microVM without the guest agent of kago`,
    'create it without annotations["krun.agent"], or run the command as its own',
  );
}

function validate(spec: Spec): void {
  if (!spec.process?.args?.length) {
    throw new SpecError("process.args", "is missing: the guest needs a process to run");
  }
  requireOwnMounts(spec);
  // Without /proc a thread of libkrun panics and the VM hangs.
  if (!spec.mounts?.some(({ destination }) => joinPath("/", destination) === "/proc")) {
    throw new SpecError(
      "mounts",
      "a microVM needs a mount of type proc at /proc: libkrun opens the files of the guest through it",
    );
  }
}

/** In a joined mount namespace, the VMM would load its libraries from another container's files. */
function requireOwnMounts(spec: Spec): void {
  const mounts = findNamespace(spec, "mount");
  if (mounts && !mounts.path) return;
  const problem = mounts
    ? "a microVM needs its own mount namespace: leave the path out"
    : "a microVM needs a namespace of type mount";
  throw new SpecError("linux.namespaces", problem);
}

async function preExec(spec: Spec, context: BundleContext): Promise<PreExecResult> {
  const word = await wordFor(spec, context.word);
  return prepare(spec, context, word);
}

/** @param word the permissions of the command line and of the files. */
export function prepare(
  spec: Spec,
  { id, bundle, rootfs, stateFolder }: BundleContext,
  word: AdministratorWord,
): PreExecResult {
  const { defaults = {} } = word;
  const vmFile = onlyFollowed(readVmFile(rootfs), defaults.imageKeys);
  const choices = chooseSettings(spec, vmFile.settings, defaults, processors);
  const settings = withAbi(spec, readVmSettings(spec, id, vmFile.settings, word, choices));
  if (!settings.agent) refuseUnenforced(spec);
  const elastic = settings.elastic && elasticMemory(settings.ramMib);
  const leastMemory = elastic?.least ?? vmMemory(settings.ramMib);
  requireRoom(spec, settings, leastMemory);
  const withVmDevices = withDevices(spec, vmDevices(settings));
  const adjusted = settings.agent
    ? withGuestMemory(withVmDevices, () => Deno.readTextFileSync("/proc/self/mountinfo"))
    : withVmDevices;
  const watched = watchedMounts(adjusted, settings.watch ?? []);
  const passt = settings.network?.kind === "passt"
    ? passtCommand(settings.network.ports, defaults.passt)
    : undefined;
  // A user without an id on the host could not create the socket.
  if (settings.agent) vmmOwner(adjusted);
  return {
    spec: adjusted,
    // libkrun 2 gets the configuration as arguments.
    rootfsFiles: settings.agent || settings.abi === 2 ? [] : [guestConfigFile(adjusted)],
    runner: vmmRunner({
      early: earlyOps(settings),
      opening: openingOps(settings, passt),
      closing: closingOps(settings),
      guestLimits: guestLimitOps(spec.linux?.resources ?? {}, elastic?.outside),
      capabilities: vmmCapabilities(settings),
      quiet: settings.console === undefined && settings.logLevel <= ERRORS_ONLY,
      // An ordinary user can open the host's /dev/kvm only as a member of its group.
      keepsGroups: isRootless(),
      ...(settings.agent
        ? {
          agentFolder: stateFolder,
          sockets: socketMounts(adjusted, bundle),
          disks: settings.disks?.length ?? 0,
          watched,
        }
        : {}),
    }),
    hasAgent: settings.agent ?? false,
    leastMemory,
    ...given({ memoryOutside: elastic?.outside }),
    warnings: vmFile.warnings,
    settings: settingLines(choices, word),
    checkHost: () => checkLibkrunHost(spec, settings, defaults.passt),
  };
}

/**
 * The settings for the installed libkrun.
 * @throws {HostError} for settings that it does not support.
 */
function withAbi({ process }: Spec, settings: VmSettings): VmSettings {
  if (libkrunAbi(settings.library, settings.variant) === 1) return settings;
  refuseFor2(settings);
  const { args = [], env = [], cwd = "/" } = process ?? {};
  return { ...settings, abi: 2, command: { args, env, cwd } };
}

/** A guest may fill its RAM at any time; with a lower limit the kernel would kill the VMM, and so the whole container. */
function requireRoom(spec: Spec, { ramMib, elastic }: VmSettings, leastMemory: number): void {
  const name = elastic ? "krun.ram_max_mib" : "krun.ram_mib";
  const limit = spec.linux?.resources?.memory?.limit;
  if (!limit || limit < 0 || limit >= leastMemory) return;
  throw new SpecError(
    "linux.resources.memory.limit",
    `${limit} bytes are too few for a microVM with ${ramMib} MiB of RAM and its VMM, which need ` +
      `${leastMemory}: raise the limit, or set the annotation ${name} lower if it can be`,
  );
}

/** kago's own libkrun has no flavours: the dynamic linker finds those, or the administrator names them. */
async function wordFor(
  spec: Spec,
  given: AdministratorWord | undefined,
): Promise<AdministratorWord> {
  const word = await administratorWord(given);
  return choiceAnnotation(spec, "krun.variant") === undefined ? withOwnLibrary(word) : word;
}

/** The VMM holds the guest's RAM, and uses devices that the container's device rules must not deny. */
function checkUpdate(
  { leastMemory = 0, memoryOutside }: StoredState,
  { memory, devices }: Resources,
): void {
  const { limit = 0 } = memory ?? {};
  if (limit > 0 && limit < leastMemory) {
    const remedy = memoryOutside === undefined
      ? "create the container again with less RAM, or with the annotation krun.ram_max_mib, which lets the limit change"
      : "give a higher limit, or create the container again with a lower krun.ram_max_mib";
    throw new SpecError(
      "linux.resources.memory.limit",
      `${limit} is below the ${leastMemory} bytes of the microVM and its VMM, which the kernel would kill: ` +
        remedy,
    );
  }
  if (devices?.length) {
    throw new SpecError("linux.resources.devices", "cannot be changed for a microVM: leave it out");
  }
}

function checkCheckpoint({ id }: StoredState): void {
  throw new HostError(
    `container ${id} runs as a microVM, which cannot be checkpointed`,
    "only plain containers can",
  );
}
