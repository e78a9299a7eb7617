/**
 * The seam between the container's set-up, which is the same for all, and what finally runs in it. Questions about the
 * processes of a container that runs are agent.ts's.
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
  /** The container's. */
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
  /** Where the container's state will be kept; it is there when the Intermediate runs. */
  readonly stateFolder: string;
  /** What the command line says of libraries and annotations. */
  readonly word?: AdministratorWord;
}

export interface Executor {
  /** The name in `run.oci.handler`; the plain executor's is `default`. */
  readonly name: string;

  /**
   * Called in the builder by `create` and `plan`. Pure: it looks at the spec only.
   * @throws {SpecError} for what this executor cannot carry out, annotations out of range among it.
   */
  validate(spec: Spec, context: BundleContext): void;

  /**
   * Called in the builder by `create` and `plan`, before namespaces are entered: the spec as Init shall see it.
   * No effect on the host; it may read the image, and the files that the executor needs are listed in `rootfsFiles`.
   * An executor with nothing to wait for answers at once.
   * @throws {SpecError} for what the image or the bundle asks of this executor and cannot have.
   */
  preExec(spec: Spec, context: BundleContext): PreExecResult | Promise<PreExecResult>;

  /**
   * Called by `exec`: the plan of a tenant. Pure. Executors whose container is what its namespaces hold have none:
   * `exec` joins the namespaces then.
   * @throws {HostError} when nothing more can be run in this container.
   */
  tenantPlan?(tenant: TenantInput): Plan;

  /** Is there anything for `exec` to be run in before `start`? As with namespaces, unless it says otherwise. */
  readonly tenantsNeedStart?: boolean;

  /**
   * Called by `update`, under the container's lock.
   * @throws {SpecError} for limits with which the container could not go on.
   */
  checkUpdate?(state: StoredState, resources: Resources): void;

  /**
   * Called by `checkpoint`, under the container's lock.
   * @throws {HostError} when criu cannot write down what runs in the container.
   */
  checkCheckpoint?(state: StoredState): void;

  /** Called by `doctor`, for this user: has the host what containers of this executor take? */
  findings?(user: string, word: AdministratorWord): Promise<readonly Finding[]>;

  /** Called by the builder where a service manager is to be notified: why the program cannot, as a sentence's end. */
  readonly noNotify?: string;
}

/** An additional process in a running container: `spec` is the container's with the tenant's process. */
export interface TenantInput extends ProcessInput {
  /** Writes by which the Intermediate joins the container's cgroup. */
  readonly joinOps: readonly Op[];
  /** The container's, as stored. */
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
  /** Will there be an agent: somebody in the container whom the executor asks about its processes? */
  readonly hasAgent?: boolean;
  /** Bytes of memory without which what runs in the container is killed; absent where the user knows best. */
  readonly leastMemory?: number;
  /**
   * Bytes of a memory limit that the container's processes do not get, where it is enforced inside as well; absent
   * where it is not.
   */
  readonly memoryOutside?: number;
  /** One sentence each, without a full stop: what will be ignored. */
  readonly warnings: readonly string[];
  /** What the executor has chosen for this container, and by whose word: for `plan`. */
  readonly settings?: readonly SettingWords[];
  /**
   * Called by `create`, not by `plan`, before anything is made: has the host what it takes? No effect on the host.
   * @throws {HostError} with what is missing and how to get it.
   */
  readonly checkHost?: () => void;
}

/** The annotation that names a container's handler; crun and youki read it too. */
export const HANDLER_ANNOTATION = "run.oci.handler";

/** How containerd and CRI-O tell the container that holds a pod's namespaces: what it is, and the pod's id, which is its own. */
const SANDBOX_ANNOTATIONS = [
  { kind: "io.kubernetes.cri.container-type", pod: "io.kubernetes.cri.sandbox-id" },
  { kind: "io.kubernetes.cri-o.ContainerType", pod: "io.kubernetes.cri-o.SandboxID" },
] as const;

/**
 * The handler's name for this container: the bundle's own word comes first, then the command line's. A pod's sandbox is a plain
 * process whatever the pod's handler, as with crun.
 */
export function requestedHandler(spec: Spec, request: HandlerRequest): string {
  if (isSandbox(spec, request.id)) return "default";
  return spec.annotations?.[HANDLER_ANNOTATION] ?? request.handler ??
    (request.invokedAs === "krun" ? "krun" : "default");
}

/**
 * Is this the container that holds a pod's namespaces, and does nothing? No image can say that it is: it does not know its
 * container's id.
 */
export function isSandbox({ annotations = {} }: Spec, id: string): boolean {
  return SANDBOX_ANNOTATIONS.some(({ kind, pod }) =>
    annotations[kind] === "sandbox" && annotations[pod] === id
  );
}
