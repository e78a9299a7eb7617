/** Building an image with podman, which runs each step in a container of the runtime. */
import { assertEquals } from "@std/assert";
import type { CaseGroup } from "../engine_case.ts";
import { IMAGE, type Podman } from "./podman.ts";

const CONTAINERFILE = `FROM ${IMAGE}
RUN id -u > /built
WORKDIR /home
USER 1000
RUN echo $(id -u) $(pwd) > /tmp/user
CMD cat /built /tmp/user
`;

export const BUILD: CaseGroup<Podman> = {
  name: "build",
  cases: [
    {
      command: "podman build --isolation oci -t IMAGE FOLDER",
      emulated: ["rootless"],
      check: async (p) => {
        const context = `${p.folder}/context`;
        await Deno.mkdir(context);
        await Deno.writeTextFile(`${context}/Containerfile`, CONTAINERFILE);
        await p.ok("build", "--isolation", "oci", "-t", "localhost/built", context);
        assertEquals(await p.run("localhost/built"), "0\n1000 /home\n");
      },
    },
  ],
};
