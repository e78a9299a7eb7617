/**
 * No library of an image's is loaded into kago, which is root on the host: not by an annotation, and not through a path that the
 * administrator names, where somebody else could put it. Needs root.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { buildLibkrunDouble, type LibkrunDouble } from "../doubles/libkrun/build.ts";
import { Podman } from "../engines/podman/podman.ts";
import { runUnder } from "../harness/administrator.ts";
import { Kago } from "../harness/kago.ts";
import { runOk, type RunResult } from "../harness/run.ts";
import { UNRESTRICTED } from "../harness/unrestricted.ts";
import { compileProgram } from "./compile.ts";
import { EvilLibrary } from "./evil_library.ts";

const KRUN = { "run.oci.handler": "krun" };
const PATH = "krun.libkrun.path";

/** A folder that is root's alone, but for what a test does to it. */
async function withPlace(
  use: (place: string) => Promise<void>,
  dir = "/usr/local/lib",
): Promise<void> {
  const place = await Deno.makeTempDir({ dir, prefix: "kago_trust_" });
  await Deno.chmod(place, 0o755);
  try {
    await use(place);
  } finally {
    await Deno.remove(place, { recursive: true });
  }
}

/** In a layer: the host's libkrun by a link, and a firmware of the image's own beside it. */
async function plantLayer(
  layer: string,
  double: LibkrunDouble,
  evil: EvilLibrary,
): Promise<string> {
  await Deno.mkdir(`${layer}/x`, { recursive: true });
  await Deno.symlink(double.path, `${layer}/x/libkrun.so.1`);
  await Deno.copyFile(evil.path, `${layer}/x/libkrunfw.so.5`);
  return `${layer}/x/libkrun.so.1`;
}

/** `kago run` of a microVM whose bundle has the annotation. */
async function runAnnotated(library: string): Promise<RunResult> {
  let result: RunResult | undefined;
  const annotations = { ...KRUN, [PATH]: library };
  await Kago.with({ args: ["/bin/true"], annotations }, async (kago) => {
    result = await kago.foreground();
  });
  return result!;
}

function assertRefused({ code, stderr }: RunResult): void {
  assert(code !== 0, stderr);
  assertStringIncludes(stderr, PATH);
  assertStringIncludes(stderr, "--libkrun FILE");
}

for (const parent of ["/opt", "/usr/local/lib", "/tmp"]) {
  Deno.test(`a layer below ${parent} with a link to the host's libkrun and its own firmware beside it runs nothing`, async () => {
    using double = await buildLibkrunDouble();
    await using evil = await EvilLibrary.build();
    await withPlace(async (store) => {
      const result = await runAnnotated(await plantLayer(`${store}/overlay/0/diff`, double, evil));
      assert(!evil.wasLoaded(), "the image's firmware ran on the host");
      assertRefused(result);
    }, parent);
  });

  Deno.test(`a layer below ${parent} with a libkrun of its own runs nothing`, async () => {
    await using evil = await EvilLibrary.build();
    await withPlace(async (store) => {
      await Deno.copyFile(evil.path, `${store}/libkrun.so.1`);
      const result = await runAnnotated(`${store}/libkrun.so.1`);
      assert(!evil.wasLoaded(), "the image's library ran on the host");
      assertRefused(result);
    }, parent);
  });
}

/** An image whose only layer has the attack in it, and where its store keeps that layer: by the digest of its contents. */
async function plantImage(
  podman: Podman,
  double: LibkrunDouble,
  evil: EvilLibrary,
): Promise<string> {
  const { folder } = podman;
  await plantLayer(`${folder}/rootfs`, double, evil);
  await runOk("tar", ["-C", `${folder}/rootfs`, "-cf", `${folder}/evil.tar`, "."]);
  await podman.ok("import", `${folder}/evil.tar`, "localhost/evil");
  const digest = (await runOk("sha256sum", [`${folder}/evil.tar`])).split(" ")[0]!;
  const path = `${folder}/root/overlay/${digest}/diff/x/libkrun.so.1`;
  assert((await Deno.lstat(path)).isSymlink, "the store keeps its layers elsewhere");
  return path;
}

async function withPodman(
  use: (podman: Podman, evil: EvilLibrary, path: string) => Promise<void>,
): Promise<void> {
  using double = await buildLibkrunDouble();
  await using evil = await EvilLibrary.build();
  const podman = await Podman.open("kago", "v1");
  try {
    await use(podman, evil, await plantImage(podman, double, evil));
  } finally {
    await podman.close();
  }
}

Deno.test("podman run with an annotation that names an image's layer runs nothing of it", async () => {
  await withPodman(async (podman, evil, path) => {
    const annotations = ["--annotation", "run.oci.handler=krun", "--annotation", `${PATH}=${path}`];
    const result = await podman.podman(["run", "--rm", ...annotations, "localhost/evil", "true"]);
    assert(!evil.wasLoaded(), "the image's firmware ran on the host");
    assertRefused(result);
  });
});

Deno.test("podman run of an image that has the annotation itself runs nothing of it", async () => {
  await withPodman(async (podman, evil, path) => {
    await Deno.writeTextFile(`${podman.folder}/Containerfile`, "FROM localhost/evil\n");
    const annotations = ["--annotation", "run.oci.handler=krun", "--annotation", `${PATH}=${path}`];
    const file = ["-f", `${podman.folder}/Containerfile`];
    await podman.ok("build", ...annotations, ...file, "-t", "localhost/annotated", podman.folder);
    const id = (await podman.ok("create", "localhost/annotated", "true")).trim();
    const config = await podman.ok("inspect", "--format", "{{json .Config.Annotations}}", id);
    const result = await podman.podman(["start", "--attach", id]);
    assert(!evil.wasLoaded(), "the image's firmware ran on the host");
    // podman 5 keeps an image's annotations to itself.
    if (config.includes(PATH)) assertRefused(result);
    else assertEquals(result.code, 0, result.stderr);
  });
});

/** `kago --libkrun LIBRARY run` of a microVM. */
async function runNamed(library: string, ...options: string[]): Promise<RunResult> {
  let result: RunResult | undefined;
  await Kago.with({ args: ["/bin/true"], annotations: KRUN }, async (kago) => {
    kago.globals.push("--libkrun", library, ...options);
    result = await kago.foreground();
  });
  return result!;
}

/** A copy of the double, with its firmware. */
async function install(double: LibkrunDouble, place: string): Promise<string> {
  for (const name of ["libkrun.so.1", "libkrunfw.so.5"]) {
    await Deno.copyFile(`${double.dir}/${name}`, `${place}/${name}`);
  }
  return `${place}/libkrun.so.1`;
}

Deno.test("--libkrun takes a library and its firmware from where root alone can write, links included", async () => {
  using double = await buildLibkrunDouble();
  await withPlace(async (place) => {
    const library = await install(double, place);
    for (const path of [library, double.path]) {
      const { code, stderr } = await runNamed(path);
      assertEquals([code, stderr], [0, ""]);
    }
  });
});

const SPOILED: Record<string, (place: string) => Promise<void>> = {
  "is in a folder with the sticky bit": (place) => Deno.chmod(place, 0o1777),
  "is in a folder that a group can write": (place) => Deno.chmod(place, 0o775),
  "is in somebody else's folder": (place) => Deno.chown(place, 1000, 1000),
  "can be written by everybody": (place) => Deno.chmod(`${place}/libkrun.so.1`, 0o757),
  "belongs to somebody else": (place) => Deno.chown(`${place}/libkrun.so.1`, 1000, 1000),
  "is reached by somebody else's link": async (place) => {
    await Deno.rename(`${place}/libkrun.so.1`, `${place}/real`);
    await Deno.symlink("real", `${place}/libkrun.so.1`);
    await runOk("chown", ["-h", "1000:1000", `${place}/libkrun.so.1`]);
  },
  "has a firmware beside it that everybody can write": (place) =>
    Deno.chmod(`${place}/libkrunfw.so.5`, 0o757),
  "has a firmware beside it that is somebody else's": (place) =>
    Deno.chown(`${place}/libkrunfw.so.5`, 1000, 1000),
  "has a firmware beside it that lies where everybody can write": async (place) => {
    await Deno.mkdir(`${place}/open`);
    await Deno.chmod(`${place}/open`, 0o777);
    await Deno.rename(`${place}/libkrunfw.so.5`, `${place}/open/fw`);
    await Deno.symlink("open/fw", `${place}/libkrunfw.so.5`);
  },
};

for (const [what, spoil] of Object.entries(SPOILED)) {
  Deno.test(`a library that ${what} is not loaded`, async () => {
    using double = await buildLibkrunDouble();
    await withPlace(async (place) => {
      const library = await install(double, place);
      await spoil(place);
      const { code, stderr } = await runNamed(library);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `--libkrun: ${place}`);
      assertStringIncludes(stderr, "root");
      assertEquals(double.calls(), [], "it was loaded");
    });
  });
}

Deno.test("a flavour of libkrun beside the library has to be root's alone too", async () => {
  using double = await buildLibkrunDouble();
  await using evil = await EvilLibrary.build();
  const annotations = { ...KRUN, "krun.variant": "sev" };
  await withPlace(async (place) => {
    const library = await install(double, place);
    await Deno.copyFile(evil.path, `${place}/libkrun-sev.so.1`);
    await Deno.chmod(`${place}/libkrun-sev.so.1`, 0o777);
    await Kago.with({ args: ["/bin/true"], annotations, config: UNRESTRICTED }, async (kago) => {
      kago.globals.push("--libkrun", library);
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 1);
      assertStringIncludes(stderr, `${place}/libkrun-sev.so.1 can be written by others than root`);
      assert(!evil.wasLoaded(), "it was loaded");
    });
  });
});

const RUNS = 25;

/** Most runs meet an exchange and are refused. By then one did not, unless the good one is never loaded. */
const MOST_RUNS = 400;

for (const name of ["libkrun.so.1", "libkrunfw.so.5"]) {
  Deno.test(`a ${name} that is exchanged all the time is loaded as it was looked at, or not at all`, async () => {
    using double = await buildLibkrunDouble();
    await using evil = await EvilLibrary.build();
    await withPlace(async (place) => {
      const library = await install(double, place);
      // Not to be trusted, and so never to be loaded, whatever it is called while it is looked at.
      await Deno.copyFile(evil.path, `${place}/evil`);
      await Deno.chmod(`${place}/evil`, 0o777);
      await compileProgram("swap", `${place}/swap`);
      const args = [place, name, "evil"];
      const swapper = new Deno.Command(`${place}/swap`, { args, stdin: "null" }).spawn();
      const codes: number[] = [];
      const enough = () => codes.length >= RUNS && codes.includes(0);
      try {
        while (!enough() && codes.length < MOST_RUNS) codes.push((await runNamed(library)).code);
      } finally {
        swapper.kill("SIGKILL");
        await swapper.status;
      }
      assert(!evil.wasLoaded(), "what was loaded is not what was looked at");
      assert(codes.includes(0), "the good one was never loaded");
    });
  });
}

Deno.test("the administrator's file names the library, and is obeyed only if it is root's alone", async () => {
  using double = await buildLibkrunDouble();
  const text = JSON.stringify({ libkrun: double.path });
  await Kago.with({ args: ["/bin/true"], annotations: KRUN }, async (kago) => {
    const good = await runUnder(kago, text);
    assertEquals([good.code, good.stderr], [0, ""]);
    const calls = double.calls().length;
    const spoiled: ((folder: string) => Promise<void>)[] = [
      (folder) => Deno.chmod(folder, 0o1777),
      (folder) => Deno.chown(`${folder}/microvm.json`, 1000, 0),
      (folder) => Deno.chmod(`${folder}/microvm.json`, 0o666),
    ];
    for (const spoil of spoiled) {
      const { code, stderr } = await runUnder(kago, text, { spoil });
      assertEquals(code, 1);
      assertStringIncludes(stderr, "/etc/kago/microvm.json: /etc/kago");
    }
    assertEquals(double.calls().length, calls, "a library was loaded that others could have named");
  });
});

Deno.test("the administrator's file allows an annotation, and without it an image's is refused", async () => {
  using double = await buildLibkrunDouble();
  const libkrun = double.path;
  const annotations = { ...KRUN, "krun.nested_virt": "1" };
  await Kago.with({ args: ["/bin/true"], annotations }, async (kago) => {
    const refused = await runUnder(kago, JSON.stringify({ libkrun }));
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "allowAnnotations of /etc/kago/microvm.json");
    const allowAnnotations = ["krun.nested_virt"];
    const allowed = await runUnder(kago, JSON.stringify({ libkrun, allowAnnotations }));
    assertEquals([allowed.code, allowed.stderr], [0, ""]);
  });
});
