/** Docker's suite on a kind of host: one engine, whose containers are kago's and runc's. */
import { runOk } from "../../harness/run.ts";
import type { Host } from "../engine_case.ts";
import type { Suite } from "../suite.ts";
import { DOCKER_CASES } from "./cases.ts";
import { DOCKER, Docker, Engine } from "./docker.ts";

export function dockerSuite(host: Host): Suite<Docker> {
  let engine: Engine | undefined;
  let users = 0;
  return {
    engine: "docker",
    host,
    groups: DOCKER_CASES,
    open: async (runtime) => {
      engine ??= await Engine.start();
      users++;
      return new Docker(runtime, engine.folder);
    },
    close: async () => {
      if (--users === 0) await engine!.end();
    },
    version: async () => (await runOk(DOCKER, ["--version"])).split(",")[0]!,
  };
}
