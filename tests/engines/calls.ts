/**
 * How the engines call a runtime during the life of a container that ends by itself. The benchmark measures such lives
 * (scripts/bench/cases.ts): if an engine calls differently, this test fails, and that table must be changed.
 */
import { assertEquals } from "@std/assert";
import { commandsOfLife } from "../../scripts/bench/cases.ts";
import { runOk } from "../harness/run.ts";
import { until } from "../harness/until.ts";
import { Buildah } from "./buildah/buildah.ts";
import { Ctr, IMAGE as CTR_IMAGE, makeImageTar, startContainerd } from "./containerd/containerd.ts";
import { makeOciImage } from "./containerd/image.ts";
import type { Host } from "./engine_case.ts";
import { inTurn } from "./every.ts";
import { IMAGE, Podman } from "./podman/podman.ts";
import { Recorder, withoutNames, withoutRepeats } from "./recorder.ts";

const NAMES = {
  ...{ id: "ID", pidFile: "PIDFILE", log: "LOG" },
  bundles: { brief: "BUNDLE", limited: "BUNDLE", filtered: "BUNDLE", lasting: "BUNDLE" },
};

/** Waits until the calls are those of the life: the last ones may come after the engine has exited. */
async function assertLife(recorder: Recorder, engine: string): Promise<void> {
  const life = withoutRepeats(commandsOfLife(engine, NAMES));
  let seen: (readonly string[])[] = [];
  await until(
    () => `${engine} calls ${life.length} commands, but ${Deno.inspect(seen)}`,
    async () => {
      seen = withoutRepeats((await recorder.calls()).map(withoutNames));
      return seen.length >= life.length;
    },
  );
  assertEquals(seen, life);
}

/** Registers the tests. */
export function testCalls(host: Host): void {
  // An engine's background processes are not a leak of the test that happens to start them.
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });

  test(`podman run --rm on ${host} calls a runtime as the benchmark's life does`, async () => {
    const podman = await Podman.open("kago", host);
    await inTurn(async () => {
      const recorder = await Recorder.make(podman.folder);
      const options = ["--runtime", recorder.path];
      const [program, ...args] = podman.commandLine(["run", "--rm", IMAGE, "true"], options);
      await runOk(program!, args);
      await assertLife(recorder, "podman");
    }, () => podman.close());
  });

  test(`buildah run on ${host} calls a runtime as the benchmark's life does`, async () => {
    const buildah = await Buildah.open("kago", host);
    await inTurn(async () => {
      const recorder = await Recorder.make(buildah.podman.folder);
      await buildah.ok("from", "--name", "working", IMAGE);
      await buildah.ok("run", "--runtime", recorder.path, "working", "true");
      await assertLife(recorder, "buildah");
    }, () => buildah.close());
  });

  test(`ctr run --rm on ${host} calls a runtime as the benchmark's life does`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "containerd_" });
    await inTurn(async () => {
      const image = await makeOciImage(folder, await makeImageTar(folder), CTR_IMAGE);
      const daemon = await startContainerd(folder, host);
      await inTurn(async () => {
        const recorder = await Recorder.make(folder);
        const ctr = new Ctr("kago", folder);
        await ctr.ok("images", "import", image);
        await ctr.ok("run", "--rm", "--runc-binary", recorder.path, CTR_IMAGE, "once", "true");
        await assertLife(recorder, "ctr");
      }, () => daemon.end());
    }, () => Deno.remove(folder, { recursive: true }));
  });
}
