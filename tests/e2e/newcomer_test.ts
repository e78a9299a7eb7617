/**
 * The first ten minutes of a user who has just installed a Debian and cloned the repository. Nothing that is installed
 * on this machine is there, so anything that the scripts forget to install is missing.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { machineFor } from "../../scripts/emulated_host/machine.ts";
import { PACKAGES } from "../../scripts/emulated_host/debian_root.ts";
import { npmRegistry, runInFreshRoot } from "./harness/fresh_root.ts";

/** Whether curl or npm fetches the pinned Deno. */
const RELEASES = { bookworm: "curl", trixie: "npm" } as const;

/**
 * Prints which packages of setup.sh's levels and of its arguments apt cannot install. apt-cache(8) is called once,
 * because opening its cache takes a second of CPU time.
 */
const LOOK_UP = `
  apt-get -qq update
  set -- $(./scripts/setup.sh --list --test | tr ' ' '\\n' | grep -v '?$') "$@"
  apt-cache policy "$@" | sed -n 's/:$//; /^[^ ]/{h;d}; /^ *Candidate: [^(]/{x;p}' > /tmp/candidates
  for name in "$@"; do grep -qxF "$name" /tmp/candidates || echo "no candidate: $name"; done
`;

for (const [release, fetcher] of Object.entries(RELEASES)) {
  Deno.test(`quickstart.sh runs a microVM on a fresh ${release}, its Deno fetched with ${fetcher}`, async () => {
    const registry = fetcher === "curl" ? await npmRegistry() : undefined;
    const variables: Record<string, string> = registry ? { npm_config_registry: registry } : {};
    const { code, output } = await runInFreshRoot(release, "./scripts/quickstart.sh", variables);
    assertEquals(code, 0, output);
    if (registry) assertEquals(/^Setting up npm /m.test(output), false, output);
    assertMatch(output, /^host kernel: +\S+$/m);
    assertMatch(output, /^guest kernel: 6\.\d+/m);
    assertStringIncludes(output, '$ kago exec quickstart sh -c "id -u; free -m; ps"\n0\n');
    assertMatch(output, /^ +1 root +sleep 600$/m);
    assertEquals(/^ +at .*\.ts:\d+/m.test(output), false, `a stack trace:\n${output}`);
  });

  Deno.test(`${release} has every package that the scripts install`, async () => {
    const { debianPackages, qemuPackage } = machineFor(Deno.build.arch);
    const names = [...debianPackages, qemuPackage, "mmdebstrap", "curl", "npm", ...PACKAGES];
    const { output } = await runInFreshRoot(release, `set -- ${names.join(" ")}; ${LOOK_UP}`);
    assertEquals(output, "");
  });
}

Deno.test("setup.sh says in one sentence that an ordinary user cannot install", async () => {
  const command =
    "chown -R daemon . && chmod 755 /root && exec setpriv --reuid=daemon --clear-groups ./scripts/setup.sh";
  const { code, output } = await runInFreshRoot("trixie", command);
  assertEquals(code, 1);
  assertMatch(output, /^setup\.sh: run it as root, or install gcc libc6-dev .*\n$/);
});

Deno.test("setup.sh says in one sentence that it knows Debian only", async () => {
  const { code, output } = await runInFreshRoot(
    "trixie",
    "rm /usr/bin/apt-get && ./scripts/setup.sh",
  );
  assertEquals(code, 1);
  assertMatch(
    output,
    /^setup\.sh: this is no Debian: install what these packages of Debian hold: gcc .*\n$/,
  );
});
