import { assertEquals, assertThrows } from "@std/assert";
import { socketMounts } from "../../../../executors/libkrun/sockets.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";
import type { Mount } from "../../../../runtime/spec/spec.ts";
import { specWith } from "../../plan/input.ts";

/** A folder with the socket `x.sock`, a link to it, and a file. */
function withSocket(use: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "kago_sockets_" });
  const listener = Deno.listen({ transport: "unix", path: `${folder}/x.sock` });
  try {
    Deno.symlinkSync("x.sock", `${folder}/link`);
    Deno.writeTextFileSync(`${folder}/file`, "");
    use(folder);
  } finally {
    listener.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

function socketsOf(folder: string, ...mounts: Mount[]): readonly number[] {
  return socketMounts(specWith(["mount"], { mounts }), folder);
}

const bind = (source: string, destination: string, ...options: string[]): Mount => ({
  destination,
  type: "bind",
  source,
  options: ["bind", ...options],
});

Deno.test("socketMounts() finds binds of sockets, by any path, and nothing else", () => {
  withSocket((folder) => {
    const mounts = [
      bind("x.sock", "/run/a"),
      bind("file", "/run/b"),
      bind(`${folder}/link`, "/run/c"),
      bind(folder, "/run/d"),
      bind("missing", "/run/e"),
      { destination: "/run/f", source: "x.sock", options: ["rbind"] },
      { destination: "/run/g", type: "tmpfs", source: "x.sock" },
      bind("x.sock", "/run/a/../h", "ro"),
    ];
    assertEquals(socketsOf(folder, ...mounts), [0, 2, 5, 7]);
  });
});

Deno.test("socketMounts() leaves a source that cannot be looked at to the mount, which names it", () => {
  withSocket((folder) => {
    Deno.symlinkSync("loop", `${folder}/loop`);
    const sources = ["file/x.sock", "loop", "n".repeat(256), "missing/x.sock"];
    assertEquals(socketsOf(folder, ...sources.map((source) => bind(source, "/run/a"))), []);
  });
});

Deno.test("socketMounts() leaves out a link that is bound as it is", () => {
  withSocket((folder) => {
    assertEquals(socketsOf(folder, bind("link", "/run/a", "copy-symlink")), []);
  });
});

Deno.test("socketMounts() leaves out what a later mount hides", () => {
  withSocket((folder) => {
    const tmpfs = { destination: "/run", type: "tmpfs", source: "tmpfs" };
    const [a, runner] = [bind("x.sock", "/run/a"), bind("x.sock", "/runner/a")];
    assertEquals(socketsOf(folder, a, runner, tmpfs), [1]);
    assertEquals(socketsOf(folder, tmpfs, a, a), [2]);
  });
});

Deno.test("socketMounts() keeps what a later entry only remounts", () => {
  withSocket((folder) => {
    const a = bind("x.sock", "/run/a");
    const remounts = ["/run/a", "/run"].map((place) => bind("x.sock", place, "remount,ro"));
    assertEquals(socketsOf(folder, a, ...remounts), [0]);
  });
});

Deno.test("socketMounts() refuses more sockets than a microVM can have", () => {
  withSocket((folder) => {
    const many = Array.from({ length: 33 }, (_, index) => bind("x.sock", `/run/${index}`));
    assertEquals(socketsOf(folder, ...many.slice(1)).length, 32);
    const error = assertThrows(() => socketsOf(folder, ...many), SpecError);
    assertEquals(
      error.message,
      "mounts[32]: is beyond the 32 Unix sockets that a microVM can have: bind fewer",
    );
  });
});
