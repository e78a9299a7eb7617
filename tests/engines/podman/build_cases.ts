/** Building an image with podman, which runs each step in a container of the runtime. */
import { assertEquals } from "@std/assert";
import type { CaseGroup } from "../engine_case.ts";
import { IMAGE, type Podman } from "./podman.ts";

const CONTAINERFILE = `FROM ${IMAGE}
ENV NAME=value
WORKDIR /home
USER 1000
RUN echo $(id -u) $NAME $(pwd) > /tmp/built
CMD cat /tmp/built
`;

export const BUILD: CaseGroup<Podman> = {
  name: "build",
  cases: [
    {
      command: "podman build --isolation oci -t IMAGE DIRECTORY",
      emulated: ["rootless"],
      check: async (p) => {
        const context = `${p.folder}/context`;
        await Deno.mkdir(context);
        await Deno.writeTextFile(`${context}/Containerfile`, CONTAINERFILE);
        await p.ok("build", "--isolation", "oci", "-t", "localhost/built", context);
        assertEquals(await p.run("localhost/built"), "1000 value /home\n");
      },
    },
  ],
};
