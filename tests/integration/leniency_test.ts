/** What crun is lenient about and callers have come to rely on: carried out, or refused early in a sentence. Needs root. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../harness/kago.ts";

Deno.test("a user namespace without mappings is refused before anything exists", async () => {
  const namespaces = ["pid", "mount", "uts", "user"].map((type) => ({ type }));
  await Kago.with({ args: ["true"], config: { linux: { namespaces } } }, async (kago) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1);
    assertStringIncludes(stderr, "linux.uidMappings: is required, with at least one range");
    assertEquals([...Deno.readDirSync(kago.root)], []);
  });
});

Deno.test("exec --cgroup goes to a sub-cgroup that is there, on v1 too, and is refused where there is none", async () => {
  await Kago.with({ args: ["sleep", "600"] }, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    await kago.run("start", kago.id);
    const exec = () => kago.run("exec", "--cgroup", "sub", kago.id, "cat", "/proc/self/cgroup");
    const refused = await exec();
    assertEquals(refused.code, 255);
    assertStringIncludes(refused.stderr, "--cgroup: there is no cgroup ");
    const folders = kago.cgroups().map((path) => `${path}/sub`);
    folders.forEach((path) => Deno.mkdirSync(path));
    // v1 lets no process join while these are empty.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      for (const path of folders.filter((path) => path.includes("cpuset"))) {
        Deno.writeTextFileSync(`${path}/${file}`, Deno.readTextFileSync(`${path}/../${file}`));
      }
    }
    const { code, stdout, stderr } = await exec();
    assertEquals(code, 0, stderr);
    for (const line of stdout.trim().split("\n")) assertEquals(line.endsWith("/sub"), true, line);
  });
});

Deno.test("exec without noNewPrivileges in a container that has it may gain privileges", async () => {
  const config = { process: { noNewPrivileges: true } };
  await Kago.with({ args: ["sleep", "600"], config }, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    await kago.run("start", kago.id);
    const args = ["grep", "NoNewPrivs", "/proc/self/status"];
    const file = `${kago.bundle.path}/process.json`;
    const process = { cwd: "/", args, env: ["PATH=/bin"], noNewPrivileges: false };
    await Deno.writeTextFile(file, JSON.stringify(process));
    const { stdout } = await kago.run("exec", "--process", file, kago.id);
    assertEquals(stdout, "NoNewPrivs:\t0\n");
  });
});
