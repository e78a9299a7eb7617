/** Volumes, mounts, and the owners of their files. */
import { assertEquals, assertMatch } from "@std/assert";
import { USER } from "../../harness/ordinary_user.ts";
import { runOk } from "../../harness/run.ts";
import type { CaseGroup } from "../engine_case.ts";
import { IMAGE, type Podman } from "./podman.ts";

export const VOLUMES: CaseGroup<Podman> = {
  name: "volumes",
  cases: [
    {
      command: "podman run --rm -v /host/directory:/data IMAGE",
      check: async (p) => {
        const folder = await Deno.makeTempDir({ dir: p.folder });
        await p.run("-v", `${folder}:/data`, IMAGE, "sh", "-c", "echo written > /data/file");
        assertEquals(await Deno.readTextFile(`${folder}/file`), "written\n");
        const script = "echo x > /data/file || cat /data/file";
        assertEquals(
          await p.run("-v", `${folder}:/data:ro`, IMAGE, "sh", "-c", script),
          "written\n",
        );
      },
    },
    {
      command: "podman run --rm -v /host/mount:/data:shared IMAGE",
      emulated: ["v2"],
      check: async (p) => {
        const folder = await Deno.makeTempDir({ dir: p.folder });
        await runOk("mount", ["-t", "tmpfs", "shared", folder]);
        try {
          await runOk("mount", ["--make-shared", folder]);
          // The host's mounts are compared after each case (tests/harness/same_mounts.ts).
          await p.run("-v", `${folder}:/data:shared`, IMAGE, "true");
        } finally {
          await runOk("umount", [folder]);
        }
      },
    },
    {
      command: "podman volume create VOLUME; podman run --rm -v VOLUME:/data IMAGE",
      emulated: ["rootless"],
      check: async (p) => {
        await p.ok("volume", "create", "stored");
        await p.run("-v", "stored:/data", IMAGE, "sh", "-c", "echo kept > /data/file");
        assertEquals(await p.run("-v", "stored:/data", IMAGE, "cat", "/data/file"), "kept\n");
        await p.ok("volume", "rm", "stored");
      },
    },
    {
      command: "podman run --rm --tmpfs /scratch:size=1m IMAGE",
      check: async (p) => {
        const output = await p.run(
          "--tmpfs",
          "/scratch:size=1m",
          IMAGE,
          "grep",
          "/scratch",
          "/proc/mounts",
        );
        assertMatch(output, /tmpfs .*size=1024k/);
      },
    },
    {
      command: "podman run --rm --shm-size 8m IMAGE",
      check: async (p) => {
        const output = await p.run("--shm-size", "8m", IMAGE, "grep", "/dev/shm", "/proc/mounts");
        assertMatch(output, /size=8192k/);
      },
    },
    {
      command: "podman run --rm --userns auto IMAGE",
      emulated: ["v2"],
      native: false,
      check: async (p) => {
        const script = "cat /proc/self/uid_map; id -u; touch /file && stat -c %u /file";
        const output = await p.run("--userns", "auto:size=1024", IMAGE, "sh", "-c", script);
        assertMatch(output, /^\s+0\s+\d{5,}\s+1024\n0\n0\n$/);
      },
    },
    {
      command: "podman run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 IMAGE",
      check: async (p) => {
        const maps = ["--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"];
        const output = await p.run(
          ...maps,
          IMAGE,
          "sh",
          "-c",
          "touch /file && stat -c %u:%g /file",
        );
        assertEquals(output, "0:0\n");
      },
    },
    {
      command: "podman run --rm --userns keep-id IMAGE",
      emulated: ["rootless"],
      native: false,
      check: async (p) => {
        const output = await p.run("--userns", "keep-id", IMAGE, "id", "-u");
        assertEquals(output, `${USER.uid}\n`);
      },
    },
  ],
};
