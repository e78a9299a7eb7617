/** Docker's suite on a kind of host: one engine, whose containers are kago's and runc's. */
import { runOk } from "../../harness/run.ts";
import type { Host, Runtime } from "../engine_case.ts";
import type { Suite } from "../suite.ts";
import { DOCKER_CASES } from "./cases.ts";
import { DOCKER, Docker, Engine } from "./docker.ts";
import { MICROVM } from "./krun_cases.ts";

export function dockerSuite(host: Host): Suite<Docker> {
  return suiteWith(host, "docker", DOCKER_CASES, (runtime, folder) => new Docker(runtime, folder));
}

export function dockerMicrovmSuite(host: Host): Suite<Docker> {
  const open = (runtime: Runtime, folder: string) => new Docker(runtime, folder, "krun");
  return { ...suiteWith(host, "docker, microVMs", [MICROVM], open), runtimes: ["kago"] };
}

function suiteWith(
  host: Host,
  name: "docker" | "docker, microVMs",
  groups: Suite<Docker>["groups"],
  open: (runtime: Runtime, folder: string) => Docker,
): Suite<Docker> {
  let engine: Promise<Engine> | undefined;
  let users = 0;
  return {
    engine: name,
    host,
    groups,
    open: async (runtime) => {
      users++;
      const { folder } = await (engine ??= Engine.start());
      return open(runtime, folder);
    },
    close: async () => {
      if (--users === 0) await (await engine!).end();
    },
    version: async () => (await runOk(DOCKER, ["--version"])).split(",")[0]!,
  };
}
