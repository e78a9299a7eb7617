/** What of the host decides whether a program of the suite can pass. */
import { readIfPresent } from "../../scripts/build/output_file.ts";

export interface HostFacts {
  /** `v1` also where v2 is mounted beside it, for the suite looks at v1 then. */
  readonly cgroup: "v1" | "v2";
  /** Whether root has every capability that the kernel knows. */
  readonly allCapabilities: boolean;
  readonly appArmor: boolean;
  readonly seLinux: boolean;
  /** Controllers that are mounted as v1. */
  readonly controllers: readonly string[];
}

export async function lookAtHost(): Promise<HostFacts> {
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  const last = Number(await Deno.readTextFile("/proc/sys/kernel/cap_last_cap"));
  const status = await Deno.readTextFile("/proc/self/status");
  const effective = BigInt(`0x${/^CapEff:\s*(\S+)/m.exec(status)![1]}`);
  const hierarchies = [...mounts.matchAll(/ - cgroup \S+ (\S+)$/gm)].map(([, options]) => options!);
  return {
    cgroup: hierarchies.length > 0 ? "v1" : "v2",
    controllers: hierarchies.flatMap((options) => options.split(",")),
    allCapabilities: effective === (1n << BigInt(last + 1)) - 1n,
    appArmor: (await readIfPresent("/sys/module/apparmor/parameters/enabled"))?.trim() === "Y",
    seLinux: await readIfPresent("/sys/fs/selinux/enforce") !== undefined,
  };
}

/** For the head of a table. */
export function describeHost({ cgroup, allCapabilities, appArmor }: HostFacts): string {
  const capabilities = allCapabilities ? "all capabilities" : "not all capabilities";
  return `Linux ${Deno.osRelease()}, cgroup ${cgroup}, ${capabilities}, ` +
    (appArmor ? "AppArmor" : "no AppArmor");
}
