/** The part of buildEgress() that few containers need: checks that the host can limit connections, and how. */
import { attachEgress } from "../cgroup/egress/egress_filter.ts";
import { type EgressRules, egressRules, formatRule } from "../cgroup/egress/egress_rules.ts";
import { parseEgress } from "../cgroup/egress/egress_entries.ts";
import { readCgroupLayout } from "../cgroup/layout.ts";
import type { CgroupDirectory, CgroupRecord } from "../cgroup/path.ts";
import { disposing } from "../common/disposing.ts";
import { tell } from "../common/phases.ts";
import { HostError } from "../common/errors.ts";
import { isAbsent } from "../common/files.ts";
import type { EgressList } from "../egress_lists.ts";
import type { SettingWords } from "../plan/format.ts";
import { isRootless } from "../rootless.ts";
import { findNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/spec.ts";
import type { CgroupBuild, CgroupRequest } from "./cgroup.ts";
import { requireNoWayPast } from "./egress_capabilities.ts";
import { identityAt, requireNoOtherCgroup } from "./egress_mounts.ts";
import { resolvConf } from "./resolv_conf.ts";

export { withReadonlyResolvConf } from "./resolv_conf.ts";

export interface EgressRequest extends CgroupRequest {
  /** Its absolute path. */
  readonly bundle: string;
  /** Absent for `plan`, which resolves no names. */
  readonly root?: string;
}

export interface EgressBuild {
  /** Applies the rules, in a cgroup without processes. */
  readonly attach: (record: CgroupRecord) => void;
  /** For `plan`. */
  readonly settings: readonly SettingWords[];
}

/** @throws as buildEgress(). */
export async function limitEgress(
  lists: readonly EgressList[],
  request: EgressRequest,
  spec: Spec,
  isOwnProcess: boolean,
  cgroup: CgroupBuild | undefined,
): Promise<EgressBuild> {
  const { from } = lists[0]!;
  const entries = lists.map((list) => ({ list, entries: parseEgress(list) }));
  if (isOwnProcess) requireNoWayPast(spec);
  const { mountPoint } = requireHost(from, request, cgroup);
  requireNoOtherCgroup(spec, from, { mountPoint, bundle: request.bundle, identify: identityAt });
  const rules = request.root === undefined ? [] : await egressRules(lists, {
    ownLoopback: hasOwnNetwork(spec),
    resolvConf: () => resolvConf(spec, request.bundle),
    lookUp: (name) => lookUp(name, from),
  });
  for (const { from, rules: all } of rules) tell(`${from} allows ${words(all)}`);
  return {
    attach: (record) => attachEgress(record, rules),
    settings: entries.map(({ list, entries }) => ({
      name: "egress",
      value: entries.map(({ text }) => text).join(",") || "nothing",
      from: list.from,
    })),
  };
}

function words(rules: EgressRules["rules"]): string {
  return rules.map(formatRule).join(",") || "nothing";
}

/**
 * @returns the cgroup's v2 directory.
 * @throws {HostError} if the rules would not apply.
 */
function requireHost(
  from: string,
  { cgroupManager, rootless }: EgressRequest,
  cgroup: CgroupBuild | undefined,
): CgroupDirectory {
  if (isRootless(rootless)) {
    throw new HostError(
      `${from} needs root: the kernel lets no ordinary user limit connections`,
      "run kago as root, or leave it out",
    );
  }
  if (cgroupManager === "disabled" || !cgroup) {
    throw new HostError(
      `${from} needs a cgroup, and --cgroup-manager disabled creates none`,
      "use another cgroup manager, or leave it out",
    );
  }
  const directory = cgroup.record.directories.find(({ version }) => version === 2);
  if (!directory) {
    throw new HostError(
      `${from} needs cgroup v2, which is not mounted on this host`,
      "boot with systemd.unified_cgroup_hierarchy=1, or leave it out",
    );
  }
  requireSocketsOfV2(from);
  return directory;
}

function requireSocketsOfV2(from: string): void {
  const controllers = readCgroupLayout().hierarchies.flatMap(({ controllers }) => controllers);
  const other = inPlaceOfV2(Deno.osRelease(), controllers);
  if (other === undefined) return;
  throw new HostError(
    `${from} has no effect on a kernel before 5.15 where ${other} is mounted as cgroup v1`,
    "boot with systemd.unified_cgroup_hierarchy=1, or leave it out",
  );
}

/**
 * Since Linux 5.15 every socket has a v2 cgroup; before, net_cls and net_prio used the same field.
 * @param release the kernel's, as from uname(2).
 * @param controllers those of all mounted v1 hierarchies.
 * @returns the controller because of which a socket may have no v2 cgroup.
 */
export function inPlaceOfV2(release: string, controllers: readonly string[]): string | undefined {
  const [major = 0, minor = 0] = release.split(".").map((part) => parseInt(part, 10));
  if (major > 5 || major === 5 && minor >= 15) return undefined;
  return controllers.find((name) => name === "net_cls" || name === "net_prio");
}

/** The path may be that of the host's namespace. If that cannot be checked, loopback is not allowed. */
function hasOwnNetwork(spec: Spec): boolean {
  const network = findNamespace(spec, "network");
  if (!network?.path) return network !== undefined;
  const own = identityOf("/proc/self/ns/net");
  try {
    const given = identityOf(network.path);
    return given.dev !== own.dev || given.ino !== own.ino;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function identityOf(path: string): Deno.FileInfo {
  return disposing(Deno.openSync(path), (file) => file.statSync());
}

/** For each query: the host's resolver may query others. */
const PATIENCE_MS = 10_000;

/** Has the signature of Deno.resolveDns(). */
type Ask = (name: string, type: "A" | "AAAA") => Promise<readonly string[]>;

const askHost: Ask = (name, type) =>
  Deno.resolveDns(name, type, { signal: AbortSignal.timeout(PATIENCE_MS) });

/**
 * The addresses of a name; empty if it has none.
 * @param from the list that has the name.
 * @throws {HostError} when the IPv4 or the IPv6 addresses are not known: the list would be incomplete.
 */
export async function lookUp(
  name: string,
  from: string,
  ask: Ask = askHost,
): Promise<readonly string[]> {
  const types = ["A", "AAAA"] as const;
  const answers = await Promise.allSettled(types.map((type) => ask(name, type)));
  return answers.flatMap((answer, i) => {
    if (answer.status === "fulfilled") return answer.value;
    const { reason } = answer;
    if (reason instanceof Deno.errors.NotFound) return [];
    const late = reason instanceof Deno.errors.TimedOut || reason instanceof DOMException;
    throw new HostError(
      `${from}: the name ${name} cannot be looked up (${types[i]}): ` +
        (late ? "the name server does not answer" : "the name server reports an error"),
      "check /etc/resolv.conf of the host, or list addresses",
      { cause: reason },
    );
  });
}
