/** podman on this machine, with its cgroupfs manager. */
import { run } from "../harness/run.ts";
import { PODMAN_CASES } from "./podman/cases.ts";
import { Podman } from "./podman/podman.ts";
import { runSuite } from "./suite.ts";

const HOST = (await run("stat", ["-fc", "%T", "/sys/fs/cgroup"])).stdout.trim() === "cgroup2fs"
  ? "v2"
  : "v1";

runSuite({
  engine: "podman",
  host: HOST,
  groups: PODMAN_CASES,
  open: (runtime) => Podman.open(runtime, HOST),
  close: (podman) => podman.close(),
  version: async () => (await run("podman", ["--version"])).stdout.trim(),
});
