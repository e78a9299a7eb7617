/** Pods and containers as CRI-O's cases make them. */
import type { Cri } from "../containerd/cri.ts";

/** Of CRI (NamespaceMode). A kubelet requests CONTAINER, unless the pod has `shareProcessNamespace`. */
const MODE = { pod: 0, container: 1, node: 2 } as const;

/** Of a pod without a sandbox container, in the node's network. */
export const SECURITY = { namespace_options: { network: MODE.node, pid: MODE.container } };

/** Of a pod with a sandbox container, in whose pid namespace its containers are. */
export const SHARED = { namespace_options: { network: MODE.node, pid: MODE.pod } };

export type Security = typeof SECURITY | typeof SHARED;

/** Of a container's configuration. */
interface Additions {
  readonly name?: string;
  readonly linux?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** Runs a pod by the case's runtime, or by another handler. */
export async function runPod(
  c: Cri,
  name: string,
  security: Security,
  additions: Readonly<Record<string, unknown>> = {},
  handler: string = c.runtime,
): Promise<void> {
  const pod = await c.podConfig(name, security, additions);
  c.pod = (await c.ok("runp", "--runtime", handler, pod)).trim();
}

/** Starts the container `POD-container`, or of another name, in the pod of that name. */
export async function startContainer(
  c: Cri,
  pod: string,
  words: readonly string[],
  security: Security,
  { name = `${pod}-container`, linux = {}, ...rest }: Additions = {},
): Promise<void> {
  const own = { linux: { security_context: security, ...linux } };
  const config = await c.containerConfig(name, words, { ...own, ...rest });
  c.container = (await c.ok("create", c.pod, config, c.file(pod))).trim();
  await c.ok("start", c.container);
}
