/**
 * Programs of the validation suite that fail with kago, on which hosts, and why. None of them passes with runc. Each
 * run checks that, and every statement here: an entry that is not needed, or not true, is a failure.
 */
import type { HostFacts } from "./host.ts";

export interface KnownFailure {
  readonly program: string;
  /** The hosts on which it fails; absent: all of them. */
  readonly on?: (host: HostFacts) => boolean;
  /** Matches every assertion that fails under kago. */
  readonly fails: RegExp;
  /** The fault of the program, or what it requires that the host does not have. */
  readonly why: string;
  /** A part of the output of the program with runc. */
  readonly runc: string;
  /** The output of runc that sometimes replaces it, due to a race in runc. */
  readonly runcRace?: string;
  /** Why it may pass nevertheless, due to a race between the program and the container. */
  readonly mayPass?: string;
}

/** The entries that apply to a host, by program. */
export function knownFailures(host: HostFacts): ReadonlyMap<string, KnownFailure> {
  const applying = KNOWN_FAILURES.filter(({ on }) => on?.(host) ?? true);
  return new Map(applying.map((entry) => [entry.program, entry]));
}

/** A program whose outcome depends on a race that no rule decides. */
export interface Race {
  /** The assertions that fail when the race is lost. */
  readonly fails: RegExp;
  /** The two sides of the race, and why the runtime cannot affect it. */
  readonly why: string;
}

/** By program. Each of them must pass when it is repeated. */
export const RACES: ReadonlyMap<string, Race> = new Map([
  ["poststart", {
    fails: /^The post-start hooks MUST be called after the user-specified process is executed$/,
    why: "the container's process and the hook each append a line to a file, both from a shell; " +
      "the hook begins when the process has been executed, and may still write first",
  }],
  ["kill", {
    fails: /^`kill` operation MUST send the specified signal to the container process$/,
    why: "its container sleeps for 30 s, and the program waits 10 s of them before it sends the " +
      "signal: on a slow machine the container may have ended by then",
  }],
  ["killsig", {
    fails: /^`kill` operation MUST send the specified signal to the container process$/,
    why: "it sends the signal once the container is running, to a shell that may not have begun: " +
      "before its `trap` the signal is lost, as any is for the first process of a pid namespace, " +
      "and before its `wait` the shell sleeps on, longer than the program waits for its end; or " +
      "the machine is so slow that the 10 s that the shell lives are over before the signal comes",
  }],
]);

const onV1 = ({ cgroup }: HostFacts) => cgroup === "v1";
const onV2 = ({ cgroup }: HostFacts) => cgroup === "v2";
const lacks = (controller: string) => ({ cgroup, controllers }: HostFacts) =>
  cgroup === "v1" && !controllers.includes(controller);

/** The suite cannot read cgroup v2. */
function onlyV1(program: string, runc = "cgroupv2 is not supported yet"): KnownFailure {
  return {
    program,
    on: onV2,
    fails: /^find \w+( cgroup)?$|^ends with exit code 1$/,
    why: "it reads cgroup v1 only, and gives up when it finds v2",
    runc,
  };
}

const ONLY_V1 = [
  ...["delete_resources", "linux_cgroups_cpus", "linux_cgroups_devices", "linux_cgroups_hugetlb"],
  ...["linux_cgroups_pids", "linux_cgroups_relative_cpus"],
  ...["linux_cgroups_relative_devices", "linux_cgroups_relative_hugetlb"],
  "linux_cgroups_relative_pids",
];

/** A field that only v1 has is refused with its name; runc ignores it silently. */
function refusedOnV2(program: string, field: string, runc: string): KnownFailure {
  return {
    program,
    on: onV2,
    fails: /^exit status 1$/,
    why: `it asks for ${field}, which cgroup v2 does not have, and could not read v2 either`,
    runc,
  };
}

const V1_FAILURES: readonly KnownFailure[] = [
  ...["delete_resources", "linux_cgroups_pids", "linux_cgroups_relative_pids"].map((program) => ({
    program,
    on: onV1,
    fails: /^pids limit is set correctly$/,
    why: "it compares the addresses of the expected and of the actual limit, not the limits",
    runc: "not ok 3 - pids limit is set correctly",
  })),
  ...["linux_cgroups_blkio", "linux_cgroups_relative_blkio"].map((program) => ({
    program,
    on: onV1,
    fails: /^get blkio cgroup data$|^ends with exit code 1$|^exit status 1$/,
    why: "it asks for leaf weights, whose file went with the CFQ scheduler in Linux 5.0",
    runc: "blkio.leaf_weight: no such file or directory",
  })),
  ...["linux_cgroups_memory", "linux_cgroups_relative_memory"].map((program) => ({
    program,
    on: onV1,
    fails: /^memory kernel(TCP)? is set correctly$/,
    why: "it asks for limits of kernel memory, which the kernel has not kept since 6.1 and the " +
      "spec advises against",
    runc: "memory kernel is set correctly",
  })),
  ...["linux_cgroups_hugetlb", "linux_cgroups_relative_hugetlb"].map((program) => ({
    program,
    on: lacks("hugetlb"),
    fails: /^get hugetlb cgroup data$|^ends with exit code 1$|^exit status 1$/,
    why: "it needs the controller hugetlb, which is not mounted here",
    runc: "cannot set hugetlb limit: container could not join or create cgroup",
  })),
  {
    program: "linux_cgroups_network",
    on: lacks("net_cls"),
    fails: /^get network cgroup data$|^ends with exit code 1$/,
    why: "it needs the controllers net_cls and net_prio, which are not mounted here",
    runc: "cannot set net_cls limit: container could not join or create cgroup",
  },
  {
    program: "linux_cgroups_relative_network",
    on: lacks("net_cls"),
    fails: /^get network cgroup data$|^exit status 1$/,
    why: "it needs the controllers net_cls and net_prio, which are not mounted here",
    runc: "not ok 1 - exit status 1",
  },
];

const V2_FAILURES: readonly KnownFailure[] = [
  ...ONLY_V1.map((program) => onlyV1(program)),
  onlyV1("linux_cgroups_blkio", "runc create failed"),
  refusedOnV2("linux_cgroups_memory", "swappiness", "cgroupv2 is not supported yet"),
  refusedOnV2("linux_cgroups_relative_memory", "swappiness", "cgroupv2 is not supported yet"),
  refusedOnV2("linux_cgroups_relative_network", "a class", "cgroupv2 is not supported yet"),
  refusedOnV2("linux_cgroups_relative_blkio", "leaf weights", "not ok 1 - exit status 1"),
  {
    program: "linux_cgroups_network",
    on: onV2,
    fails: /^ends with exit code 2$/,
    why: "it takes for granted that the host has a second network interface",
    runc: "panic: runtime error: index out of range [1] with length 1",
  },
  {
    program: "delete_only_create_resources",
    on: onV2,
    fails: /^ends with exit code 1$/,
    why: "it makes a cgroup of its own, in v1 only",
    runc: "open /sys/fs/cgroup/pids/cgrouptest/tasks: no such file or directory",
  },
];

/** Programs that fail on every host with cgroup v2 for reasons of their own. */
export const FAIL_ON_V2: readonly string[] = V2_FAILURES.map(({ program }) => program);

const KNOWN_FAILURES: readonly KnownFailure[] = [
  ...V1_FAILURES,
  ...V2_FAILURES,
  {
    program: "delete",
    fails: /^attempting to `delete` a container that is not `stopped` MUST /,
    why:
      "kago deletes a container that is created only, as runc, crun and youki do and engines rely on",
    runc:
      "not ok 2 - attempting to `delete` a container that is not `stopped` MUST generate an error",
  },
  {
    program: "hooks",
    fails: /^Hooks MUST be called in the listed order$/,
    why: "it expects `post-start1` where the hook that it sets writes `post-start1 called`",
    runc: "Hooks MUST be called in the listed order",
  },
  {
    program: "hooks_stdin",
    fails: /^the state of the container MUST be passed to "prestart" hook over stdin$/,
    why:
      "it expects the status created in prestart hooks, which are a part of create: until they " +
      "have ended the status is creating",
    runc: String.raw`wrong status \"creating\" in the stdin of prestart hook, expected \"created\"`,
  },
  {
    program: "prestart",
    fails: /^Pre-start hooks MUST be called after the `start` operation is called$/,
    why: "it expects prestart hooks at start; the spec has them called by create",
    runc: "Pre-start hooks MUST be called after the `start` operation is called",
  },
  {
    program: "poststart_fail",
    fails: /^if any poststart hook fails, the runtime MUST log a warning/,
    why: "it expects a warning when a poststart hook fails; since version 1.3.0 of the spec that " +
      "is an error, and the container is stopped",
    runc: "error running hook #0: error running hook: exit status 1",
  },
  {
    program: "linux_mount_label",
    on: ({ seLinux }) => !seLinux,
    fails: /^ends with exit code 1$/,
    why: "it needs SELinux, with which no kernel here is started",
    runc: String.raw`error mounting \"tmpfs\" to rootfs at \"/dev\"`,
  },
  {
    program: "linux_process_apparmor_profile",
    fails: /^ends with exit code 1$/,
    why: "it asks for a profile, acme_secure_profile, that it does not load",
    runc: "apparmor failed to apply profile",
  },
  {
    program: "misc_props",
    fails: /^implementations .* MUST NOT generate an error if they encounter an unknown annotation/,
    why: "its first bundle has no /runtimetest, which it is to run",
    runc: String.raw`exec: \"/runtimetest\": stat /runtimetest: no such file or directory`,
  },
  {
    program: "pidfile",
    fails: /^create with '--pid-file' option works$/,
    why: "it waits ten seconds for `true` to be running, and expects that it can be killed then",
    mayPass: "where the machine is so slow that `true` has not ended when it is looked at",
    runc: "container not running",
  },
  {
    program: "process_capabilities",
    on: ({ allCapabilities }) => !allCapabilities,
    fails: /^ends with exit code 1$/,
    why: "it asks for every capability, of which root does not have all here",
    runc: "unable to apply caps: operation not permitted",
  },
  {
    program: "process_capabilities_fail",
    fails: /^ends with exit code 1$/,
    why: "it expects that an unknown capability is an error; since version 1.0.2 of the spec it " +
      "is a warning",
    runc: "Any value which cannot be mapped to a relevant kernel interface MUST cause an error",
  },
  {
    program: "process_rlimits",
    fails: /^has expected soft RLIMIT_NOFILE$/,
    why: "the program in its container is written in Go, whose runtime raises the soft limit " +
      "before it is looked at",
    runc: "not ok 13 - has expected soft RLIMIT_NOFILE",
    // It sets RLIMIT_AS before it compiles the filter, and each of its threads, whose number varies, reserves memory.
    runcRace: "error adding seccomp filter rule for syscall geteuid: cannot allocate memory",
  },
  {
    program: "start",
    fails:
      /^`start` operation MUST generate an error if `process` was not set$|^timeout in waiting/,
    why: "it expects that start succeeds without a process, and that the container ends then, " +
      "against the sentence of the spec that it quotes; runc does not create such a container",
    runc: "not ok 7 - exit status 1",
  },
];
