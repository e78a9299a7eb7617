/** containerd's suite on a kind of host: one daemon, which has kago's and runc's containers in namespaces of their own. */
import { runOk } from "../../harness/run.ts";
import type { Daemon } from "../daemon.ts";
import type { Host } from "../engine_case.ts";
import type { Suite } from "../suite.ts";
import { CONTAINERD_CASES } from "./cases.ts";
import { Ctr, IMAGE, makeImageTar, startContainerd } from "./containerd.ts";
import { makeOciImage } from "./image.ts";

export function containerdSuite(host: Host): Suite<Ctr> {
  let shared: { daemon: Daemon; folder: string; image: string } | undefined;
  let users = 0;
  return {
    engine: "containerd",
    host,
    groups: CONTAINERD_CASES,
    open: async (runtime) => {
      if (!shared) {
        const folder = await Deno.makeTempDir({ prefix: "containerd_" });
        const image = await makeOciImage(folder, await makeImageTar(folder), IMAGE);
        shared = { folder, image, daemon: await startContainerd(folder) };
      }
      users++;
      const ctr = new Ctr(runtime, shared.folder);
      await ctr.ok("images", "import", shared.image);
      return ctr;
    },
    close: async () => {
      if (--users > 0) return;
      await shared!.daemon.end();
      await Deno.remove(shared!.folder, { recursive: true });
    },
    version: async () =>
      (await runOk("containerd", ["--version"])).split(" ").slice(0, 3).join(" "),
  };
}
