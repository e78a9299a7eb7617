/**
 * Preloaded before test files (`deno test --preload`). Each test must leave the mounts of its mount namespace, and
 * their propagation, unchanged. Where mounts are shared, as on every host with systemd, a runtime's mounts and unmounts
 * propagate silently; scripts/test_all.ts runs these suites on both kinds of hosts.
 */
import { aroundTests, type TestFunction } from "./around_tests.ts";
import { until } from "./until.ts";

/** Mounts that stay: an engine makes them in its store at its first command, ip-netns(8) at its first namespace. */
const OF_TOOLS =
  /\/(podman|buildah|docker|containerd|crio)_\w+\/|\/containers\/storage\/| \/run\/netns /;

/** criu and crun mount a cgroup2 without options; the kernel then replaces the options of the host's cgroup2. */
const CGROUP2_OPTIONS = /( - cgroup2 \S+) .*/;

/** Lines of mountinfo (proc_pid_mountinfo(5)) without the mounts' ids; equal lines are numbered. */
function mounts(): ReadonlySet<string> {
  const lines = Deno.readTextFileSync("/proc/self/mountinfo").trim().split("\n")
    .map((line) => line.split(" ").slice(2).join(" ").replace(CGROUP2_OPTIONS, "$1"))
    .filter((line) => !OF_TOOLS.test(line));
  const counts = new Map<string, number>();
  return new Set(lines.map((line) => {
    const count = (counts.get(line) ?? 0) + 1;
    counts.set(line, count);
    return `${line} (${count})`;
  }));
}

/** Seconds; an engine's background work may take a moment to end. */
const PATIENCE = 20;

/** Wraps `test`, which then must leave all mounts unchanged. */
function guarded(test: TestFunction): TestFunction {
  return async (context) => {
    const before = mounts();
    await test(context);
    let found: string[] = [];
    await until(() => `the mounts are as they were before, but\n${found.join("\n")}`, () => {
      const after = mounts();
      found = [
        ...[...before.difference(after)].map((line) => `gone: ${line}`),
        ...[...after.difference(before)].map((line) => `new: ${line}`),
      ];
      return found.length === 0;
    }, PATIENCE);
  };
}

aroundTests(guarded);
