/** podman's suites on a kind of host: plain containers, and microVMs on hosts that really run them. */
import { runOk } from "../../harness/run.ts";
import type { Host } from "../engine_case.ts";
import type { Suite } from "../suite.ts";
import { PODMAN_CASES } from "./cases.ts";
import { MICROVMS } from "./krun_cases.ts";
import { Podman } from "./podman.ts";

export function podmanSuite(host: Host): Suite<Podman> {
  return {
    engine: "podman",
    host,
    groups: PODMAN_CASES,
    open: (runtime) => Podman.open(runtime, host),
    close: (podman) => podman.close(),
    version: async () => (await runOk("podman", ["--version"])).trim(),
  };
}

export function microvmSuite(host: Host): Suite<Podman> {
  return {
    ...podmanSuite(host),
    engine: "podman, microVMs",
    groups: MICROVMS,
    runtimes: ["kago"],
  };
}
