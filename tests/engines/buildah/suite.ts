/** buildah's suite on a kind of host, with the cases of its table. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runOk } from "../../harness/run.ts";
import type { CaseGroup, Host } from "../engine_case.ts";
import { IMAGE } from "../podman/podman.ts";
import type { Suite } from "../suite.ts";
import { Buildah } from "./buildah.ts";

const CONTAINERFILE = `FROM ${IMAGE}
RUN echo built > /built && id -u
ENV NAME=value
WORKDIR /home
RUN echo $NAME $(pwd) >> /built
USER 1000
RUN id -u > /tmp/user
CMD cat /built /tmp/user
`;

const GROUP: CaseGroup<Buildah> = {
  name: "build",
  cases: [
    {
      command: "buildah build --runtime FILE --isolation oci -t IMAGE DIRECTORY",
      check: async (b) => {
        const { folder } = b.podman;
        await Deno.mkdir(`${folder}/context`, { recursive: true });
        await Deno.writeTextFile(`${folder}/context/Containerfile`, CONTAINERFILE);
        await b.ok("build", "-t", "localhost/built", `${folder}/context`);
        const output = await b.podman.run("localhost/built");
        assertEquals(output, "built\nvalue /home\n1000\n");
      },
    },
    {
      command:
        "buildah from IMAGE; buildah run --runtime FILE --isolation oci CONTAINER echo hello",
      check: async (b) => {
        await b.ok("from", "--name", "working", IMAGE);
        assertEquals(await b.ok("run", "working", "echo", "hello"), "hello\n");
      },
    },
    {
      command: "buildah run CONTAINER sh -c 'exit 3'",
      check: async (b) => {
        await b.expect(3, ["run", "working", "sh", "-c", "exit 3"]);
      },
    },
    {
      command: "buildah run --tty CONTAINER tty",
      check: async (b) => {
        assertStringIncludes(await b.terminal(["run", "--tty", "working", "tty"]), "/dev/pts/0");
      },
    },
    {
      command: "buildah run --user 7:8 --volume /host/directory:/data CONTAINER; buildah commit",
      check: async (b) => {
        const folder = await Deno.makeTempDir({ dir: b.podman.folder });
        await Deno.writeTextFile(`${folder}/file`, "shared\n");
        await Deno.chmod(folder, 0o755);
        const options = ["--user", "7:8", "--volume", `${folder}:/data:ro`];
        const output = await b.ok(
          "run",
          ...options,
          "working",
          "sh",
          "-c",
          "id -u; cat /data/file",
        );
        assertEquals(output, "7\nshared\n");
        await b.ok("commit", "--quiet", "working", "localhost/committed");
        assertEquals(await b.podman.run("localhost/committed", "echo", "x"), "x\n");
      },
    },
  ],
};

export function buildahSuite(host: Host): Suite<Buildah> {
  return {
    engine: "buildah",
    host,
    groups: [GROUP],
    open: (runtime) => Buildah.open(runtime, host),
    close: (buildah) => buildah.close(),
    version: async () => (await runOk("buildah", ["--version"])).split(" ").slice(0, 3).join(" "),
  };
}
