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

Deno.test("docs/engines.json tells of no command that fails with kago", async () => {
  const failing = (await readResults()).flatMap(({ engine, outcomes }) =>
    Object.entries(outcomes).filter(([, { kago }]) => !kago).map(([command]) =>
      `${engine}: ${command}`
    )
  );
  assertEquals(failing, []);
});

Deno.test("renderPage() has a table for each host, with the runtimes that were tried there", () => {
  const page = renderPage([V1, V2]);
  assertStringIncludes(
    page,
    "### podman 1 on cgroup v1\n\n| command | kago | runc |\n| --- | --- | --- |\n| `podman run` | works | works |\n",
  );
  assertStringIncludes(page, "| `podman x` | works | fails |");
  assertStringIncludes(page, "### podman 1 on cgroup v2\n\n| command | kago |\n");
});

Deno.test("renderPage() has a dash for a runtime that a command was not tried with", () => {
  const outcomes = { ...V1.outcomes, "podman x": { kago: true } };
  assertStringIncludes(renderPage([{ ...V1, outcomes }]), "| `podman x` | works | – |");
});

Deno.test("takeOver() puts a newer result in an older one's place and sorts by engine and host", () => {
  const newer = { ...V1, version: "podman 2" };
  const docker: SuiteResult = { ...V1, engine: "docker" };
  assertEquals(takeOver([docker, V2, V1], [newer]), [newer, V2, docker]);
});
