/** Egress rules on a scope created by systemd. Runs inside the systemd host. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { compileC } from "../../harness/c_program.ts";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";

async function withTool(options: BundleOptions, use: (kago: Kago) => Promise<void>): Promise<void> {
  const tool = await compileC(new URL("../../harness/connect_tool.c", import.meta.url));
  await Kago.with(options, async (kago) => {
    kago.globals.push("--systemd-cgroup", "--debug");
    await Deno.copyFile(tool, `${kago.bundle.rootfs}/bin/connect_tool`);
    await Deno.chmod(`${kago.bundle.rootfs}/bin/connect_tool`, 0o755);
    await use(kago);
  });
  await Deno.remove(tool);
}

const annotations = { "run.kago.egress": "192.0.2.1:80" };

Deno.test("the first process in a scope has its rules, and run tells what they refused when the scope has gone", async () => {
  const args = ["connect_tool", "tcp=192.0.2.1=80", "tcp=192.0.2.1=81"];
  await withTool({ args, annotations }, async (kago) => {
    const { stdout, stderr } = await kago.foreground();
    assertEquals(stdout, "tcp=192.0.2.1=80 ENETUNREACH\ntcp=192.0.2.1=81 EPERM\n", stderr);
    assertStringIncludes(stderr, "egress: refused 192.0.2.1:81/tcp once");
  });
});

Deno.test("a reload of systemd leaves a scope its rules", async () => {
  await withTool({ args: ["sleep", "1000"], annotations }, async (kago) => {
    const { code, stdout } = await kago.create();
    assertEquals(code, 0, stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await runOk("systemctl", ["daemon-reload"]);
    const result = await kago.run("exec", kago.id, "connect_tool", "tcp=192.0.2.1=81");
    assertEquals(result.stdout, "tcp=192.0.2.1=81 EPERM\n", result.stderr);
    await kago.run("kill", kago.id, "KILL");
    await kago.until("stopped");
    const deleted = await kago.run("delete", kago.id);
    assertEquals(deleted.code, 0, deleted.stderr);
    assertStringIncludes(deleted.stderr, "egress: ");
  });
});
