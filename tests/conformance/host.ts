/** The properties of the host that decide whether a program of the suite can pass. */
import { readIfPresent } from "../../scripts/build/output_file.ts";

export interface HostFacts {
  /** `v1` also if v2 is mounted beside it, since the suite uses v1 then. */
  readonly cgroup: "v1" | "v2";
  /** Whether root has all capabilities of the kernel. */
  readonly allCapabilities: boolean;
  readonly appArmor: boolean;
  readonly seLinux: boolean;
  /** The controllers of the v1 hierarchies. */
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

/** For the heading of a table. */
export function describeHost({ cgroup, allCapabilities, appArmor }: HostFacts): string {
  const capabilities = allCapabilities ? "all capabilities" : "not all capabilities";
  return `Linux ${Deno.osRelease()}, cgroup ${cgroup}, ${capabilities}, ` +
    (appArmor ? "AppArmor" : "no AppArmor");
}
