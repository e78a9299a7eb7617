/**
 * The interface between the set-up of a container, which is the same for all executors, and what runs in it. agent.ts is
 * the interface for requests about the processes of a running container.
 */
import type { RootFile } from "../../ffi/files.ts";
import type { AdministratorWord } from "../../runtime/administrator.ts";
import type { Finding } from "../../runtime/finding.ts";
import type { ProcessInput, Runner } from "../../runtime/plan/compile_input.ts";
import type { SettingWords } from "../../runtime/plan/format.ts";
import type { Op, Plan } from "../../runtime/plan/op.ts";
import type { Resources, Spec } from "../../runtime/spec/spec.ts";
import type { StoredState } from "../../runtime/state/container_state.ts";

export type { RootFile };

/** How the user asked for a handler. */
export interface HandlerRequest {
  /** The container's id. */
  readonly id: string;
  /** Basename of argv[0]: `krun` makes the microVM handler the default. */
  readonly invokedAs: string;
  /** `--handler NAME`, when given. */
  readonly handler?: string;
}

export interface BundleContext {
  readonly id: string;
  /** Absolute path of the bundle folder. */
  readonly bundle: string;
  /** Absolute path of the root filesystem folder. */
  readonly rootfs: string;
  /** The folder of the container's state; it exists when the Intermediate runs. */
  readonly stateFolder: string;
  /** The command line's options about libraries and annotations. */
  readonly word?: AdministratorWord;
}

export interface Executor {
  /** The name in `run.oci.handler`; the plain executor's is `default`. */
  readonly name: string;

  /**
   * Called in the builder by `create` and `plan`. Pure: it reads only the spec.
   * @throws {SpecError} for what this executor does not support, such as annotations out of range.
   */
  validate(spec: Spec, context: BundleContext): void;

  /**
   * Called in the builder by `create` and `plan`, before namespaces are entered: returns the spec for Init.
   * No effect on the host; it may read the image, and lists the files that the executor needs in `rootfsFiles`.
   * An executor with nothing to wait for returns synchronously.
   * @throws {SpecError} for what the image or the bundle asks for and this executor does not support.
   */
  preExec(spec: Spec, context: BundleContext): PreExecResult | Promise<PreExecResult>;

  /**
   * Called by `exec`: the plan of an additional process. Pure. Executors whose containers are only namespaces have none:
   * `exec` then joins the namespaces.
   * @throws {HostError} when no additional process can run in this container.
   */
  tenantPlan?(tenant: TenantInput): Plan;

  /** Does `exec` require `start`? False by default: namespaces exist before it. */
  readonly tenantsNeedStart?: boolean;

  /**
   * Called by `update`, under the container's lock.
   * @throws {SpecError} for limits that the container cannot run with.
   */
  checkUpdate?(state: StoredState, resources: Resources): void;

  /**
   * Called by `checkpoint`, under the container's lock.
   * @throws {HostError} when criu cannot checkpoint what runs in the container.
   */
  checkCheckpoint?(state: StoredState): void;

  /** Called by `doctor`, for this user: has the host what containers of this executor need? */
  findings?(user: string, word: AdministratorWord): Promise<readonly Finding[]>;

  /** Why programs cannot notify a service manager: the end of the warning if NOTIFY_SOCKET is set. */
  readonly noNotify?: string;
}

/** An additional process in a running container: `spec` is the container's with this process. */
export interface TenantInput extends ProcessInput {
  /** Writes by which the Intermediate joins the container's cgroup. */
  readonly joinOps: readonly Op[];
  /** The container's state, as stored. */
  readonly state: StoredState;
  /** The folder of its state on the host. */
  readonly stateFolder: string;
}

export interface PreExecResult {
  readonly spec: Spec;
  /** Files that Main writes at the root of the root filesystem before Init starts, by name, without following links. */
  readonly rootfsFiles: readonly RootFile[];
  /** What Init becomes; absent where that is the container's process. */
  readonly runner?: Runner;
  /** Will there be an agent: a process in the container that answers requests about its processes? */
  readonly hasAgent?: boolean;
  /** The least memory limit, in bytes, with which the container can run; absent for no check. */
  readonly leastMemory?: number;
  /**
   * Bytes of a memory limit that the container's processes do not get, if the limit is also enforced inside; otherwise
   * absent.
   */
  readonly memoryOutside?: number;
  /** One sentence each, without a full stop: what will be ignored. */
  readonly warnings: readonly string[];
  /** The executor's settings for this container with their sources: for `plan`. */
  readonly settings?: readonly SettingWords[];
  /**
   * Called by `create`, not by `plan`, before anything is created: has the host what is needed? No effect on the host.
   * @throws {HostError} with what is missing and how to get it.
   */
  readonly checkHost?: () => void;
}

/** The annotation that names a container's handler; crun and youki read it too. */
export const HANDLER_ANNOTATION = "run.oci.handler";

/** Annotations by which containerd and CRI-O mark a pod's sandbox: container type and pod id (the sandbox's own id). */
const SANDBOX_ANNOTATIONS = [
  { kind: "io.kubernetes.cri.container-type", pod: "io.kubernetes.cri.sandbox-id" },
  { kind: "io.kubernetes.cri-o.ContainerType", pod: "io.kubernetes.cri-o.SandboxID" },
] as const;

/**
 * The handler's name for this container: the bundle's annotation has precedence over the command line. A pod's sandbox is a
 * plain process whatever the pod's handler, as with crun.
 */
export function requestedHandler(spec: Spec, request: HandlerRequest): string {
  if (isSandbox(spec, request.id)) return "default";
  return spec.annotations?.[HANDLER_ANNOTATION] ?? request.handler ??
    (request.invokedAs === "krun" ? "krun" : "default");
}

/**
 * Is this a pod's sandbox, the container that only holds the pod's namespaces? An image cannot claim this, because it does not
 * know its container's id.
 */
export function isSandbox({ annotations = {} }: Spec, id: string): boolean {
  return SANDBOX_ANNOTATIONS.some(({ kind, pod }) =>
    annotations[kind] === "sandbox" && annotations[pod] === id
  );
}
