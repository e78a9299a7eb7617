import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildLibkrunDouble, type DoubleOptions } from "../../doubles/libkrun/build.ts";
import type { LibkrunVersion } from "../../doubles/libkrun/versions.ts";
import { type Probe, type Probed, probeLibkrun } from "./libkrun_probe.ts";

const ENOMEM = 12;

/** Probes a double that the dynamic linker finds. */
async function probe(options: DoubleOptions, what: Probe): Promise<Probed> {
  using double = await buildLibkrunDouble(options);
  return await probeLibkrun(what, { LD_LIBRARY_PATH: double.dir });
}

Deno.test("Libkrun turns a negative result into an error that names the call", async () => {
  const { error } = await probe({ createContext: -ENOMEM }, {});
  assertEquals(error?.message, "krun_create_ctx(): cannot allocate memory (ENOMEM)");
  assertEquals(error?.errno, ENOMEM);
});

Deno.test("openLibkrun() finds the firmware beside a library that is given by path", async () => {
  using double = await buildLibkrunDouble({ initInC: true });
  const { result } = await probeLibkrun({ path: double.path }, {});
  assertEquals(result, { firmware: true, initInC: true, abi: 1 });
});

Deno.test("Libkrun.hasInitInC() is false for a library without that program", async () => {
  const { result } = await probe({}, {});
  assertEquals(result, { firmware: true, initInC: false, abi: 1 });
});

Deno.test("openLibkrun() says which file it could not load", async () => {
  const { error } = await probeLibkrun({ path: "/nonexistent/libkrun.so.1" }, {});
  assertEquals(error?.name, "HostError");
  assertEquals(
    error!.message,
    "libkrun cannot be loaded: --libkrun: open /nonexistent/libkrun.so.1: no such file or directory (ENOENT); " +
      "correct --libkrun, or install libkrun 1.x there",
  );
});

Deno.test("openLibkrun() loads nothing that others than root could have put there, nor a firmware", async () => {
  for (const name of ["libkrun.so.1.99.0", "libkrunfw.so.5.99.0"]) {
    using double = await buildLibkrunDouble();
    await Deno.chmod(`${double.dir}/${name}`, 0o757);
    const { error } = await probeLibkrun({ path: double.path }, {});
    assertEquals(error?.name, "HostError");
    assertStringIncludes(
      error!.message,
      `--libkrun: ${double.dir}/${name} can be written by others than root; `,
    );
    assertEquals(double.calls(), []);
  }
});

Deno.test("openLibkrun() passes on why the installed library is broken", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/libkrun.so.1`, "");
  await Deno.writeTextFile(`${dir}/libkrun.so.2`, "");
  const { error } = await probeLibkrun({}, { LD_LIBRARY_PATH: dir });
  await Deno.remove(dir, { recursive: true });
  assertMatch(error!.message, /^libkrun cannot be loaded: .*file too short; install libkrun 1\.x/);
});

Deno.test("openLibkrun() takes libkrun 2 where there is no 1.x, with its firmware", async () => {
  using double = await buildLibkrunDouble({ abi: 2 });
  const { result } = await probeLibkrun({}, { LD_LIBRARY_PATH: double.dir });
  assertEquals(result, { firmware: true, initInC: false, abi: 2 });
});

Deno.test("openLibkrun() takes no libkrun 2 in place of a 1.x that is there, and says what is wrong with that", async () => {
  using two = await buildLibkrunDouble({ abi: 2 });
  using lacking = await buildLibkrunDouble({ needs: true });
  using broken = await buildLibkrunDouble();
  await Deno.writeTextFile(await Deno.realPath(broken.path), "");
  const cases: [string, string][] = [
    [
      lacking.dir,
      "libkago_needed.so.0: cannot open shared object file: No such file or directory; install libkrun 1.x",
    ],
    [broken.dir, `${broken.dir}/libkrun.so.1: file too short; install libkrun 1.x`],
  ];
  for (const [dir, problem] of cases) {
    const env = { LD_LIBRARY_PATH: `${dir}:${two.dir}` };
    const { error } = await probeLibkrun({}, env);
    assertStringIncludes(`${error?.message}`, `libkrun cannot be loaded: ${problem}`);
    assertEquals((await probeLibkrun({ abi: true }, env)).result, 1);
  }
  assertEquals(two.calls(), []);
});

Deno.test("openLibkrun() knows libkrun 2 by its functions, whatever its name, and finds its init beside it", async () => {
  using double = await buildLibkrunDouble({ abi: 2 });
  const path = `${double.dir}/libkrun.so`;
  await Deno.rename(double.path, path);
  const { result } = await probeLibkrun({ path }, {});
  assertEquals(result, { firmware: true, initInC: false, abi: 2 });
});

Deno.test("openLibkrun() loads no init of libkrun 2 that others than root could have put there", async () => {
  using double = await buildLibkrunDouble({ abi: 2 });
  await Deno.chmod(`${double.dir}/libkrun_init.so.0.99.0`, 0o757);
  const { error } = await probeLibkrun({ path: double.path }, {});
  assertStringIncludes(
    error!.message,
    `--libkrun: ${double.dir}/libkrun_init.so.0.99.0 can be written by others than root; `,
  );
});

Deno.test("openLibkrun() says that libkrun 2 is without its init, or without functions for C", async () => {
  const { error: init } = await probe({ abi: 2, init: false }, {});
  assertEquals(
    init?.message,
    "libkrun_init.so.0, the guest's init of libkrun 2, cannot be loaded; " +
      "install it together with libkrun, and run ldconfig",
  );
  const { error: functions } = await probe({ abi: 2, c: false }, {});
  assertEquals(
    functions?.message,
    "libkrun.so.2 was built without the C interface of libkrun 2; " +
      "build it with FFI=1, or install libkrun 1.x, which can be installed beside it",
  );
});

Deno.test("openLibkrun() refuses a libkrun 2 from before it had functions of its own", async () => {
  const { error } = await probe({ abi: "early 2" }, {});
  assertEquals(error?.name, "HostError");
  assertEquals(
    error?.message,
    "libkrun.so.2 is an early libkrun 2, with neither the functions of 1.x nor those of 2.0; " +
      "install libkrun 1.x, which can be installed beside it",
  );
});

Deno.test("libkrunAbi() is 1 for what openLibkrun() refuses, and for no libkrun at all", async () => {
  const cases: [DoubleOptions, number][] = [
    [{}, 1],
    [{ abi: 2 }, 2],
    [{ abi: 2, init: false }, 2],
    [{ abi: 2, c: false }, 1],
    [{ abi: "early 2" }, 1],
  ];
  for (const [options, expected] of cases) {
    assertEquals((await probe(options, { abi: true })).result, expected);
  }
  const missing = await probeLibkrun({ abi: true, path: "/nonexistent/libkrun.so.2" }, {});
  assertEquals(missing.result, 1);
});

Deno.test("openLibkrun() refuses a library that is not libkrun", async () => {
  using double = await buildLibkrunDouble();
  const { error } = await probeLibkrun({ path: `${double.dir}/libkrunfw.so.5` }, {});
  assertMatch(error!.message, /libkrunfw\.so\.5 is not libkrun; name the file of libkrun 1\.x$/);
});

Deno.test("libraryVersions() reads the versions from the files behind the names", async () => {
  const { result } = await probe({}, { versions: true });
  assertEquals(result, { libkrun: "1.99.0", libkrunfw: "5.99.0" });
});

Deno.test("libraryVersions() tells the least version, by its functions, of a file that has the soname's number alone", async () => {
  const told: [LibkrunVersion, string][] = [
    ["1.9.0", "1"],
    ["1.10.1", "1.10.1 or later"],
    ["1.14.0", "1.12.0 or later"],
    ["1.17.4", "1.17.1 or later"],
    ["1.19.0", "1.18.0 or later"],
  ];
  for (const [version, expected] of told) {
    using double = await buildLibkrunDouble({ version });
    await Deno.rename(`${double.dir}/libkrun.so.${version}`, `${double.dir}/libkrun.so.1`);
    const { result } = await probeLibkrun({ versions: true }, { LD_LIBRARY_PATH: double.dir });
    assertEquals(result, { libkrun: expected, libkrunfw: "5.99.0" });
  }
});

Deno.test("openLibkrun() names the function that a build of libkrun 1.x has not, and does not take it for 2.x", async () => {
  using double = await buildLibkrunDouble({ version: "1.19.0", variant: "awsnitro" });
  const place = { path: `${double.dir}/libkrun.so.1` };
  await Deno.symlink("libkrun-awsnitro.so.1", place.path);
  const { error } = await probeLibkrun(place, {});
  assertEquals(
    error?.message,
    `this build of libkrun, ${place.path}, has no krun_set_root; install libkrun 1.9 or a later 1.x`,
  );
});

Deno.test("libraryVersions() tells the version of a library that is not supported", async () => {
  using double = await buildLibkrunDouble({ abi: "early 2", firmware: false });
  const { result } = await probeLibkrun({ versions: true }, { LD_LIBRARY_PATH: double.dir });
  assertEquals(result, { libkrun: "2.99.0" });
});
