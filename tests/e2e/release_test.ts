/**
 * scripts/release.sh: its output is the same wherever it is made, and can be installed without a network. Needs root,
 * and installs lintian from Debian.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { buildLibkrunDouble, type LibkrunDouble } from "../doubles/libkrun/build.ts";
import { Kago } from "../harness/kago.ts";
import { run, runOk, type RunResult } from "../harness/run.ts";
import { ReleaseClone } from "./harness/release_clone.ts";

const VERSION = config.version;
const PLAIN = `kago-${VERSION}-linux-x86_64`;
const AIRGAPPED = `kago-${VERSION}-airgapped-linux-x86_64`;
const DEB = `kago_${VERSION}_amd64.deb`;

/** All files below the directory, except directories, sorted. */
async function files(folder: string): Promise<string[]> {
  const list = await runOk("find", [folder, "!", "-type", "d", "-printf", "%P\n"]);
  return list.split("\n").filter(Boolean).sort();
}

/** `install.sh ARGS…` of the unpacked archive, without a network and in a directory where nothing can be written. */
function install(unpacked: string, root: string, ...args: string[]): Promise<RunResult> {
  const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && ' +
    'root=$1 && shift && exec sh "$0/install.sh" --root "$root" "$@"';
  return run("unshare", ["--net", "--mount", "sh", "-c", script, unpacked, root, ...args]);
}

async function unpack(release: string, name: string, folder: string): Promise<string> {
  await runOk("tar", ["-C", folder, "-xf", `${release}/${name}.tar.xz`]);
  return `${folder}/${name}`;
}

async function checkPlain(release: string, folder: string): Promise<void> {
  const unpacked = await unpack(release, PLAIN, folder);
  const root = `${folder}/plain-root`;
  await Deno.mkdir(root);
  const { code, stdout, stderr } = await install(unpacked, root);
  assertEquals(code, 0, stdout + stderr);
  const program = `${root}/usr/local/bin/kago`;
  assertStringIncludes(await runOk(program, ["--version"]), `kago version ${VERSION}\n`);
  await Kago.with({ args: ["/bin/sh", "-c", "echo here; exit 5"] }, async (kago) => {
    const words = ["--root", kago.root, "run", "--bundle", kago.bundle.path, kago.id];
    const result = await run("unshare", ["--net", program, ...words]);
    assertEquals([result.code, result.stdout], [5, "here\n"], result.stderr);
  });
  assertEquals((await install(unpacked, root, "--uninstall")).code, 0);
  assertEquals(await files(root), []);
}

/** The components that the archive lists are there, and match the lock files. */
async function checkComponents(unpacked: string): Promise<void> {
  const { components, metadata } = JSON.parse(
    await Deno.readTextFile(`${unpacked}/components.cdx.json`),
  );
  assertEquals(metadata.timestamp, "2026-01-02T03:04:05Z");
  const lock = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));
  for (const [key, { integrity }] of Object.entries<{ integrity: string }>(lock.npm)) {
    const component = components.find((one: { "bom-ref": string }) => one["bom-ref"] === key);
    const [{ alg, content }] = component.hashes;
    const base64 = Uint8Array.fromHex(content).toBase64();
    assertEquals(`${alg.toLowerCase().replace("sha-", "sha")}-${base64}`, integrity);
    assert(component.licenses.length > 0, key);
  }
  const licences = await Deno.readTextFile(`${unpacked}/licenses/THIRD-PARTY.txt`);
  for (const name of ["@deno/linux-x64-glibc", "v8", "zod", "deno-std", "musl"]) {
    assertStringIncludes(licences, `\n${name} `);
  }
}

/** A microVM with the bundle alone: the dynamic linker finds neither its libkrun nor the libraries that it needs. */
async function checkAirgapped(
  release: string,
  folder: string,
  double: LibkrunDouble,
): Promise<void> {
  const unpacked = await unpack(release, AIRGAPPED, folder);
  const root = `${folder}/airgapped-root`;
  await Deno.mkdir(root);
  const { code, stdout, stderr } = await install(unpacked, root);
  assertEquals(code, 0, stdout + stderr);
  const local = `${root}/usr/local`;
  const own = await files(`${local}/lib/kago`);
  for (const file of ["libkrun.so.1", "libkrunfw.so.5", "passt", "needed/01-libkago_needed.so.0"]) {
    assert(own.includes(file), `${file} is not among ${own}`);
  }
  const annotations = { "run.oci.handler": "krun" };
  await Kago.with({ args: ["/bin/sh", "-c", "exit 7"], annotations }, async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    // The double writes to its own directory, which must exist for it.
    const script = 'mkdir "$0/lib/${1##*/}" && mount --bind "$1" "$0/lib/${1##*/}" && ' +
      'mount --rbind "$0" /usr/local && shift && exec "$@"';
    const words = ["--root", kago.root, "run", "--bundle", kago.bundle.path, kago.id];
    const command = [script, local, double.dir, "/usr/local/bin/kago", ...words];
    const result = await run("unshare", ["--net", "--mount", "sh", "-c", ...command]);
    assertEquals([result.code, result.stderr], [7, ""]);
    await Deno.remove(`${local}/lib/${double.dir.split("/").at(-1)}`);
  });
  assertEquals((await install(unpacked, root, "--uninstall")).code, 0);
  assertEquals(await files(root), []);
}

async function checkDeb(release: string, folder: string): Promise<void> {
  const root = `${folder}/deb-root`;
  await Deno.mkdir(`${root}/var/lib/dpkg/updates`, { recursive: true });
  await Deno.mkdir(`${root}/var/lib/dpkg/info`);
  await Deno.writeTextFile(`${root}/var/lib/dpkg/status`, "");
  const dpkg = (...args: string[]) =>
    runOk("dpkg", [`--root=${root}`, "--log=/dev/null", "--force-depends", ...args]);
  await dpkg("--install", `${release}/${DEB}`);
  const installed = await files(root);
  const completion = "usr/share/bash-completion/completions/kago";
  const podman = "etc/containers/containers.conf.d/50-kago.conf";
  for (const file of ["usr/bin/kago", "usr/bin/krun", completion, podman]) {
    assert(installed.includes(file), `${file} is not among ${installed}`);
  }
  assertStringIncludes(await Deno.readTextFile(`${root}/${podman}`), 'kago = ["/usr/bin/kago"]');
  const version = await runOk(`${root}/usr/bin/kago`, ["--version"]);
  assertStringIncludes(version, `kago version ${VERSION}\n`);
  await dpkg("--purge", "kago");
  assertEquals((await files(root)).filter((file) => !file.startsWith("var/lib/dpkg/")), []);
  assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["var"]);
}

async function checkLintian(release: string): Promise<void> {
  if ((await run("sh", ["-c", "command -v lintian"])).code !== 0) {
    const words = ["install", "--yes", "--no-install-recommends", "lintian"];
    await runOk("apt-get", words, { env: { DEBIAN_FRONTEND: "noninteractive" }, timeout: 600 });
  }
  const options = ["--allow-root", "--fail-on", "none", `${release}/${DEB}`];
  const { code, stdout, stderr } = await run("lintian", options, { timeout: 600, cwd: "/" });
  assertEquals(code, 0, stderr);
  assertEquals(stdout.match(/^E: .*$/gm), null);
}

Deno.test("a release", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "release_" });
  using double = await buildLibkrunDouble({ needs: true });
  // The library that the linker would have to find, where the release looks for it.
  await Deno.symlink("needed/01-libkago_needed.so.0", `${double.dir}/libkago_needed.so.0`);
  const args = [VERSION, "--with-libkrun", double.dir];
  try {
    const one = await ReleaseClone.make(`${folder}/one`);
    const other = await ReleaseClone.make(`${folder}/an/other_place`);
    const release = `${one.folder}/dist/release`;
    await t.step("says what to change where deno.json has another version", async () => {
      const { code, stderr } = await one.release(["99.0.0"]);
      assertEquals(code, 1);
      assertEquals(
        stderr,
        `release: deno.json has the version ${VERSION}, not 99.0.0; set "version" in deno.json to ` +
          `"99.0.0" and commit it, or release ${VERSION}\n`,
      );
    });
    await t.step("is not made of what is in no commit", async () => {
      await Deno.writeTextFile(`${one.folder}/new`, "");
      const { code, stderr } = await one.release([VERSION]);
      assertEquals(code, 1);
      assertMatch(stderr, /^release: the checkout has changes that are in no commit: \?\? new; /);
      await Deno.remove(`${one.folder}/new`);
    });
    await t.step(
      "is the same in another folder, with another umask, time zone and language",
      async () => {
        const first = await one.release(args);
        assertEquals(first.code, 0, first.stderr);
        const env = { TZ: "Asia/Tokyo", LC_ALL: "C.UTF-8", LANG: "de_DE.UTF-8" };
        const second = await other.release(args, "077", { env });
        assertEquals(second.code, 0, second.stderr);
        assertEquals(first.stdout.match(/^[0-9a-f]{64} {2}kago.*$/gm)?.length, 3);
        assertEquals(second.stdout, first.stdout);
        await runOk("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: release });
      },
    );
    await t.step(
      "installs without a network, runs a container, and is removed again",
      () => checkPlain(release, folder),
    );
    await t.step(
      "lists its components and has their licences",
      () => checkComponents(`${folder}/${PLAIN}`),
    );
    await t.step(
      "brings libkrun along for microVMs",
      () => checkAirgapped(release, folder, double),
    );
    await t.step("is a Debian package that leaves nothing behind", () => checkDeb(release, folder));
    await t.step("has no errors for lintian", () => checkLintian(release));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
