/** `kago doctor` on this machine, and with a double of libkrun. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildLibkrunDouble } from "../doubles/libkrun/build.ts";
import { isThere } from "../../runtime/common/files.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";

interface Report {
  readonly microVMs: boolean;
  readonly findings: readonly {
    readonly subject: string;
    readonly ok: boolean;
    readonly detail: string;
    readonly remedy?: string;
  }[];
}

async function doctor(...options: readonly string[]): Promise<Report & { code: number }> {
  const { code, stdout, stderr } = await run(KAGO, [...options, "doctor", "--json"]);
  assertEquals(stderr, "");
  return { ...JSON.parse(stdout), code };
}

Deno.test("doctor finds libkrun, its version, its features and its firmware", async () => {
  using double = await buildLibkrunDouble();
  const { findings } = await doctor(...double.options);
  const detail = (name: string) => findings.find(({ subject }) => subject === name)?.detail;
  assertMatch(
    detail("libkrun")!,
    /^1\.99\.0 with net, blk, gpu, tee, amd-sev, intel-tdx, aws-nitro \(\/.*\/libkrun\.so\.1\.99\.0\)$/,
  );
  assertMatch(detail("libkrunfw")!, /^5\.99\.0 \(\/.*\/libkrunfw\.so\.5\.99\.0\)$/);
});

Deno.test("doctor tells an early libkrun 2 from one that is missing", async () => {
  using double = await buildLibkrunDouble({ abi: "early 2", firmware: false });
  const { findings, microVMs, code } = await doctor(...double.options);
  const libkrun = findings.find(({ subject }) => subject === "libkrun");
  assertEquals(libkrun?.ok, false);
  assertStringIncludes(libkrun!.detail, "early libkrun 2");
  assertEquals([microVMs, code], [false, 1]);
});

Deno.test("doctor has a remedy for every line that fails, in text and in JSON", async () => {
  const { findings, microVMs, code } = await doctor();
  assertEquals(code, microVMs ? 0 : 1);
  for (const { ok, remedy } of findings) assertEquals(remedy === undefined, ok);
  const { stdout } = await run(KAGO, ["doctor"]);
  for (const { subject, detail, remedy } of findings) {
    assertStringIncludes(stdout, subject);
    assertStringIncludes(stdout, detail);
    if (remedy) assertStringIncludes(stdout, `→ ${remedy}`);
  }
  assert(stdout.split("\n").length <= 32, "more than one screen");
});

Deno.test("doctor asks of an ordinary user what a user can do", async () => {
  const script = 'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" doctor --json';
  const { stdout, stderr } = await run("sh", ["-c", script, KAGO]);
  assertEquals(stderr, "");
  const { findings }: Report = JSON.parse(stdout);
  const kvm = findings.find(({ subject }) => subject === "/dev/kvm");
  assertMatch(
    `${kvm!.detail} ${kvm!.remedy}`,
    /nobody may not open it usermod -aG kvm nobody,|missing/,
  );
});

Deno.test("an ordinary user's kago takes a library of root's, where root has no number here too, and not a stranger's", async () => {
  using double = await buildLibkrunDouble();
  const program = `${double.dir}/kago`;
  await Deno.copyFile(KAGO, program);
  await Deno.chmod(program, 0o755);
  const asUser = async (...before: string[]) => {
    const user = ["--reuid", "1000", "--regid", "1000", "--clear-groups"];
    const words = [program, ...double.options, "doctor", "--json"];
    const { stdout, stderr } = await run("setpriv", [...user, ...before, ...words]);
    assertEquals(stderr, "");
    const { findings }: Report = JSON.parse(stdout);
    return findings.find(({ subject }) => subject === "libkrun")!;
  };
  assertEquals((await asUser()).ok, true);
  assertEquals((await asUser("unshare", "-Ur")).ok, true);
  await Deno.chown(`${double.dir}/libkrun.so.1.99.0`, 1001, 1001);
  const { ok, detail } = await asUser();
  assertEquals(ok, false);
  assertStringIncludes(detail, "libkrun.so.1.99.0 belongs to user 1001, not to root");
});

Deno.test({
  name: "a host that executes no memory files is told what to set",
  ignore: !isThere("/proc/sys/vm/memfd_noexec"), // since Linux 6.3
  fn: () =>
    Kago.with({ args: ["/bin/true"] }, async (kago) => {
      const script = `
        echo 2 > /proc/sys/vm/memfd_noexec # in this pid namespace alone
        "$1" --root "$2" run --bundle "$3" memfd
        echo "ended with $?" >&2
        "$1" doctor
      `;
      const words = [KAGO, kago.root, kago.bundle.path];
      const { stdout, stderr } = await run("unshare", [
        ...["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh", ...words],
      ]);
      assertMatch(
        stderr,
        /this host executes no memory files, .*; set the sysctl vm\.memfd_noexec to 1"\nended with 1\n$/,
      );
      assertMatch(stdout, /^FAIL kernel .*\(vm\.memfd_noexec is 2\)$/m);
      assertEquals([...Deno.readDirSync(kago.root)], []);
    }),
});
