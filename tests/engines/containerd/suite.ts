/** containerd's suite on a kind of host: one daemon, which has kago's and runc's containers in namespaces of their own. */
import { runOk } from "../../harness/run.ts";
import type { Daemon } from "../daemon.ts";
import type { Host, Runtime } from "../engine_case.ts";
import { inTurn } from "../every.ts";
import type { Suite } from "../suite.ts";
import { untilSays } from "../until.ts";
import { CONTAINERD_CASES } from "./cases.ts";
import { Ctr, IMAGE, makeImageTar, startContainerd } from "./containerd.ts";
import { Cri, removePodsCgroup } from "./cri.ts";
import { PODS } from "./cri_cases.ts";
import { makeOciImage } from "./image.ts";

interface Shared {
  readonly daemon: Daemon;
  readonly folder: string;
  readonly image: string;
}

async function start(host: Host): Promise<Shared> {
  const folder = await Deno.makeTempDir({ prefix: "containerd_" });
  const image = await makeOciImage(folder, await makeImageTar(folder), IMAGE);
  return { folder, image, daemon: await startContainerd(folder, host) };
}

export function containerdSuite(host: Host): Suite<Ctr> {
  return {
    ...suiteOn(host, async (runtime, { folder, image }) => {
      const ctr = new Ctr(runtime, folder);
      await ctr.ok("images", "import", image);
      return ctr;
    }),
    engine: "containerd",
    groups: CONTAINERD_CASES,
  };
}

/** containerd's CRI plugin, through crictl. */
export function criSuite(host: Host): Suite<Cri> {
  return {
    ...suiteOn(host, async (runtime, { folder, image }) => {
      const cri = await Cri.open(runtime, host, folder);
      const address = ["-a", `${folder}/containerd.sock`];
      await runOk("ctr", [...address, "--namespace", "k8s.io", "images", "import", image]);
      await untilSays(() => cri.ok("images"), /busybox/);
      return cri;
    }),
    engine: "containerd, CRI",
    groups: [PODS],
  };
}

function suiteOn<Session>(
  host: Host,
  open: (runtime: Runtime, shared: Shared) => Promise<Session>,
): Omit<Suite<Session>, "engine" | "groups"> {
  let shared: Promise<Shared> | undefined;
  let users = 0;
  return {
    host,
    open: async (runtime) => {
      users++;
      return await open(runtime, await (shared ??= start(host)));
    },
    close: async () => {
      if (--users > 0) return;
      const { daemon, folder } = await shared!;
      await inTurn(
        () => daemon.end(),
        () => removePodsCgroup(host),
        () => Deno.remove(folder, { recursive: true }),
      );
    },
    version: async () =>
      (await runOk("containerd", ["--version"])).split(" ").slice(0, 3).join(" "),
  };
}
