/**
 * The libkrun executor: the container as a microVM. Init becomes the VMM (helper-c/vmm). libkrun reaches the container's
 * files and sockets from the VMM process, so the container's namespaces, cgroup and capabilities confine it as they confine
 * a plain process.
 */
import { type AdministratorWord, administratorWord } from "../../runtime/administrator.ts";
import { HostError, SpecError } from "../../runtime/common/errors.ts";
import { compileGuestTenantPlan } from "./guest/tenant_plan.ts";
import type { Plan } from "../../runtime/plan/op.ts";
import { joinPath } from "../../runtime/common/path.ts";
import { findNamespace } from "../../runtime/spec/namespaces.ts";
import { withOwnLibrary } from "../../runtime/own_files.ts";
import { isRootless } from "../../runtime/rootless.ts";
import type { Process, Resources, Spec } from "../../runtime/spec/spec.ts";
import type { StoredState } from "../../runtime/state/container_state.ts";
import {
  type BundleContext,
  type Executor,
  type PreExecResult,
  type TenantInput,
} from "../interface/executor.ts";
import { choiceAnnotation } from "./annotations.ts";
import { vmDevices, withDevices } from "./devices.ts";
import { vmMemory } from "./defaults.ts";
import { guestConfigFile, vmmOwner } from "./guest/config_file.ts";
import { checkLibkrunHost } from "./host_checks.ts";
import { passtCommand } from "./passt.ts";
import { readVmSettings } from "./settings.ts";
import { refuseUnenforced } from "./unenforced.ts";
import { readVmFile } from "./vm_file.ts";
import { closingOps, earlyOps, openingOps } from "./vm_ops.ts";
import { vmmCapabilities } from "./vmm_features.ts";
import { vmmRunner } from "./vmm_plan.ts";
import { given } from "../../runtime/common/given.ts";

export const libkrunExecutor: Executor = {
  name: "krun",
  validate,
  preExec,
  tenantPlan,
  // There is no guest before.
  tenantsNeedStart: true,
  checkUpdate,
  checkCheckpoint,
  findings: async (user, word) => {
    const { microvmFindings } = await import("./findings.ts");
    return microvmFindings(user, word);
  },
  // The guest's kernel has sockets of its own, which lead nowhere from a file of the host's.
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
  refuseLabel(spec.process);
  // Without it a thread of libkrun panics and the VM hangs.
  if (!spec.mounts?.some(({ destination }) => joinPath("/", destination) === "/proc")) {
    throw new SpecError(
      "mounts",
      "a microVM needs a mount of type proc at /proc: libkrun opens the files of the guest through it",
    );
  }
}

/** In a mount namespace that is joined, the VMM's own libraries would be somebody else's. */
function requireOwnMounts(spec: Spec): void {
  const mounts = findNamespace(spec, "mount");
  if (mounts && !mounts.path) return;
  const problem = mounts
    ? "a microVM needs its own mount namespace: leave the path out"
    : "a microVM needs a namespace of type mount";
  throw new SpecError("linux.namespaces", problem);
}

/** SELinux lets a process of one thread alone change its label, and a VMM has no exec of its own in the container. */
function refuseLabel({ selinuxLabel }: Process): void {
  if (!selinuxLabel) return;
  throw new SpecError(
    "process.selinuxLabel",
    "cannot be given to a microVM, whose VMM has threads: leave it out (podman: --security-opt label=disable)",
  );
}

function preExec(spec: Spec, { id, rootfs, stateFolder, word }: BundleContext): PreExecResult {
  const vmFile = readVmFile(rootfs);
  const settings = readVmSettings(spec, id, vmFile.settings, wordFor(spec, word));
  if (!settings.agent) refuseUnenforced(spec);
  const leastMemory = vmMemory(settings.ramMib);
  requireRoom(spec, settings.ramMib, leastMemory);
  const adjusted = withDevices(spec, vmDevices(settings));
  const passt = settings.network?.kind === "passt"
    ? passtCommand(settings.network.ports)
    : undefined;
  // Who has no id on the host could not make the socket.
  if (settings.agent) vmmOwner(adjusted);
  return {
    spec: adjusted,
    rootfsFiles: settings.agent ? [] : [guestConfigFile(adjusted)],
    runner: vmmRunner({
      early: settings.library ? earlyOps(settings.library, settings.variant) : [],
      opening: openingOps(settings, passt),
      closing: closingOps(settings),
      capabilities: vmmCapabilities(settings),
      // An ordinary user may open the host's /dev/kvm as a member of its group, and not otherwise.
      keepsGroups: isRootless(),
      ...given({ agentFolder: settings.agent && stateFolder }),
    }),
    hasAgent: settings.agent ?? false,
    leastMemory,
    warnings: vmFile.warnings,
    checkHost: () => checkLibkrunHost(spec, settings),
  };
}

/** A guest may fill its RAM at any time, and the kernel would then kill the VMM: all of the container, unasked. */
function requireRoom(spec: Spec, ramMib: number, leastMemory: number): void {
  const limit = spec.linux?.resources?.memory?.limit;
  if (!limit || limit < 0 || limit >= leastMemory) return;
  throw new SpecError(
    "linux.resources.memory.limit",
    `${limit} bytes are too few for a microVM with ${ramMib} MiB of RAM and its VMM, which need ` +
      `${leastMemory}: raise the limit, or set the annotation krun.ram_mib lower if it can be`,
  );
}

/** What came with kago has no flavours: those are the dynamic linker's to find, or the administrator's to name. */
function wordFor(spec: Spec, given: AdministratorWord | undefined): AdministratorWord {
  const word = administratorWord(given);
  return choiceAnnotation(spec, "krun.variant") === undefined ? withOwnLibrary(word) : word;
}

/** The VMM holds the guest's RAM, and uses devices that no rule of the container's own may take away. */
function checkUpdate({ leastMemory = 0 }: StoredState, { memory, devices }: Resources): void {
  const { limit = 0 } = memory ?? {};
  if (limit > 0 && limit < leastMemory) {
    throw new SpecError(
      "linux.resources.memory.limit",
      `${limit} is below the ${leastMemory} bytes of the microVM and its VMM, which the kernel would kill: ` +
        "create the container again with less RAM",
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
