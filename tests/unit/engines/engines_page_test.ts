import { assertEquals, assertStringIncludes } from "@std/assert";
import { PAGE, renderPage, takeOver } from "../../engines/engines_page.ts";
import { readResults, type SuiteResult } from "../../engines/outcomes.ts";

const V1: SuiteResult = {
  engine: "podman",
  version: "podman 1",
  release: "12",
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
    "### cgroup v1\n\n12: podman 1.\n\n" +
      "| command | kago, 12 | runc, 12 |\n| --- | --- | --- |\n| `podman run` | works | works |\n",
  );
  assertStringIncludes(page, "| `podman x` | works | fails |");
  assertStringIncludes(page, "### cgroup v2\n\n12: podman 1.\n\n| command | kago, 12 |\n");
});

Deno.test("renderPage() has the releases of a host side by side", () => {
  const outcomes = { "podman run": { kago: true }, "podman new": { kago: true } };
  const page = renderPage([V1, { ...V1, release: "13", version: "podman 5", outcomes }]);
  assertStringIncludes(
    page,
    "12: podman 1; 13: podman 5.\n\n| command | kago, 12 | runc, 12 | kago, 13 |\n",
  );
  assertStringIncludes(
    page,
    "| `podman x` | works | fails | – |\n| `podman new` | – | – | works |\n",
  );
});

Deno.test("renderPage() has a dash for a runtime that a command was not tried with", () => {
  const outcomes = { ...V1.outcomes, "podman x": { kago: true } };
  assertStringIncludes(renderPage([{ ...V1, outcomes }]), "| `podman x` | works | – |");
});

Deno.test("takeOver() puts a newer result in an older one's place and sorts by engine, host and release", () => {
  const newer = { ...V1, version: "podman 2" };
  const docker: SuiteResult = { ...V1, engine: "docker" };
  const next: SuiteResult = { ...V1, release: "next" };
  assertEquals(takeOver([docker, next, V2, V1], [newer]), [newer, next, V2, docker]);
});
