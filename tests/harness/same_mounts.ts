/**
 * Preloaded before test files (`deno test --preload`): each test has to leave the mounts of its own mount namespace as they
 * were, with their propagation. Where mounts are shared, as on every host with systemd, a runtime's mounts and unmounts reach
 * it without a word; scripts/test_all.ts runs these suites on both kinds of hosts.
 */
import { aroundTests, type TestFunction } from "./around_tests.ts";
import { until } from "./until.ts";

/** What an engine mounts in its own store at its first command, and ip-netns(8) at its first namespace, and both leave. */
const OF_TOOLS =
  /\/(podman|buildah|docker|containerd)_\w+\/|\/containers\/storage\/| \/run\/netns /;

/** criu and crun mount a cgroup2 of their own, and with its options, none, the kernel replaces those of the host's. */
const CGROUP2_OPTIONS = /( - cgroup2 \S+) .*/;

/** Lines of mountinfo (proc_pid_mountinfo(5)), without the mounts' ids; of lines that are alike each has a number. */
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

/** Seconds; what an engine does in the background may take a moment to end. */
const PATIENCE = 20;

/** As `test`, which then must leave all mounts alone. */
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
