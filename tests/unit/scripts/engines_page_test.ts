import { assertEquals, assertStringIncludes } from "@std/assert";
import { PAGE, renderPage, takeOver } from "../../../scripts/engines_page.ts";
import { readResults, type SuiteResult } from "../../engines/outcomes.ts";

const V1: SuiteResult = {
  engine: "podman",
  version: "podman 1",
  host: "v1",
  outcomes: { "podman run": { kago: true, runc: true }, "podman x": { kago: true, runc: false } },
};
const V2: SuiteResult = { ...V1, host: "v2", outcomes: { "podman run": { kago: true } } };

Deno.test("docs/engines.md is the page that the results in docs/engines.json give", async () => {
  assertEquals(await Deno.readTextFile(PAGE), renderPage(await readResults()));
});

Deno.test("docs/engines.json tells of no command that works with runc and fails with kago", async () => {
  const worse = (await readResults()).flatMap(({ engine, outcomes }) =>
    Object.entries(outcomes).filter(([, { kago, runc }]) => runc && !kago).map(([command]) =>
      `${engine}: ${command}`
    )
  );
  assertEquals(worse, []);
});

Deno.test("renderPage() names the hosts of an outcome that does not hold on all", () => {
  const page = renderPage([V1, V2]);
  assertStringIncludes(page, "podman 1, on cgroup v1; cgroup v2.");
  assertStringIncludes(page, "| `podman run` | works | works (cgroup v1) |");
  assertStringIncludes(page, "| `podman x` | works (cgroup v1) | fails (cgroup v1) |");
});

Deno.test("renderPage() has a dash for a runtime that was not tried", () => {
  assertStringIncludes(renderPage([V2]), "| `podman run` | works | – |");
});

Deno.test("takeOver() puts a newer result in an older one's place and sorts by engine and host", () => {
  const newer = { ...V1, version: "podman 2" };
  const docker: SuiteResult = { ...V1, engine: "docker" };
  assertEquals(takeOver([docker, V2, V1], [newer]), [newer, V2, docker]);
});
