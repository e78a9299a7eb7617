/** The cases of containerd's table. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runOk } from "../../harness/run.ts";
import type { CaseGroup } from "../engine_case.ts";
import { LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import { type Ctr, IMAGE } from "./containerd.ts";

const RUN: CaseGroup<Ctr> = {
  name: "run",
  cases: [
    {
      command: "ctr run --rm --runc-binary FILE IMAGE ID echo hello",
      emulated: ["v2"],
      check: async (c) =>
        assertEquals(await c.ok("run", "--rm", IMAGE, "once", "echo", "hello"), "hello\n"),
    },
    {
      command: "ctr run --rm IMAGE ID sh -c 'exit 7'",
      check: async (c) => {
        await c.expect(7, ["run", "--rm", IMAGE, "seven", "sh", "-c", "exit 7"]);
      },
    },
    {
      command: "ctr run --rm --env NAME=value --cwd /tmp IMAGE ID",
      check: async (c) => {
        const options = ["--env", "NAME=value", "--cwd", "/tmp"];
        const output = await c.ok(
          "run",
          "--rm",
          ...options,
          IMAGE,
          "env",
          "sh",
          "-c",
          "echo $NAME $(pwd)",
        );
        assertEquals(output, "value /tmp\n");
      },
    },
    {
      command: "ctr run --rm --tty IMAGE ID",
      emulated: ["v2"],
      check: async (c) => {
        const words = [
          "run",
          "--rm",
          "--tty",
          IMAGE,
          "tty",
          "sh",
          "-c",
          "test -t 0 && echo terminal",
        ];
        assertStringIncludes(await c.terminal(words), "terminal");
      },
    },
    {
      command: "ctr run --rm --read-only --net-host --seccomp IMAGE ID",
      check: async (c) => {
        const options = ["--read-only", "--net-host", "--seccomp"];
        const output = await c.ok(
          "run",
          "--rm",
          ...options,
          IMAGE,
          "ro",
          "sh",
          "-c",
          "touch /x || echo refused",
        );
        assertEquals(output, "refused\n");
      },
    },
    {
      command: "ctr run --rm IMAGE ID no-such-program",
      check: async (c) => {
        const { code, stderr } = await c.ctr(["run", "--rm", IMAGE, "missing", "no-such-program"]);
        assert(code !== 0);
        assertStringIncludes(stderr, "executable file not found");
        await c.ctr(["containers", "delete", "missing"]);
      },
    },
  ],
};

const NAME = "lasting";

const LASTING: CaseGroup<Ctr> = {
  name: "a lasting container",
  setUp: async (c) => {
    await c.ok(
      "run",
      "--detach",
      "--memory-limit",
      "67108864",
      IMAGE,
      NAME,
      "sh",
      "-c",
      LASTING_SCRIPT,
    );
  },
  // There is nothing left to remove unless a case failed.
  tearDown: async (c) => {
    await c.ctr(["task", "delete", "--force", NAME]);
    await c.ctr(["containers", "delete", NAME]);
  },
  cases: [
    {
      command: "ctr task ls; ctr task ps ID",
      emulated: ["v2"],
      check: async (c) => {
        assertMatch(await c.ok("task", "ls"), new RegExp(`^${NAME} +\\d+ +RUNNING`, "m"));
        assertMatch(await c.ok("task", "ps", NAME), /^\d+/m);
      },
    },
    {
      command: "ctr run --detach --memory-limit 67108864 IMAGE ID; ctr task metrics ID",
      emulated: ["v2"],
      check: async (c) => {
        const metrics = await c.ok("task", "metrics", NAME);
        assertMatch(metrics, /memory\.usage\S* +[1-9]/);
        assertMatch(metrics, /67108864/);
      },
    },
    {
      command: "ctr task exec --exec-id EXEC ID",
      emulated: ["v2"],
      check: async (c) => {
        // ctr loses the output of a process that ends before ctr has opened the pipe, with any runtime.
        const script = "echo inside; sleep 3; exit 4";
        const words = ["task", "exec", "--exec-id", "one", NAME, "sh", "-c", script];
        assertEquals(await c.expect(4, words), "inside\n");
      },
    },
    {
      command: "ctr task pause ID; ctr task resume ID",
      emulated: ["v2"],
      check: async (c) => {
        await c.ok("task", "pause", NAME);
        assertMatch(await c.ok("task", "ls"), new RegExp(`^${NAME} .*PAUSED`, "m"));
        await c.ok("task", "resume", NAME);
        assertMatch(await c.ok("task", "ls"), new RegExp(`^${NAME} .*RUNNING`, "m"));
      },
    },
    {
      command: "ctr task kill ID; ctr task delete ID",
      emulated: ["v2"],
      check: async (c) => {
        await c.ok("task", "kill", NAME);
        await untilSays(() => c.ok("task", "ls"), /STOPPED/);
        const { code, stderr } = await c.ctr(["task", "delete", NAME]);
        assertEquals(code, 0, stderr);
        assertStringIncludes(stderr, "exit code 3");
        await c.ok("containers", "delete", NAME);
        assertEquals(await c.ok("containers", "ls", "--quiet"), "");
      },
    },
    {
      command: "the CRI plugin with kago in its runtimes: ctr plugins ls",
      only: "kago",
      emulated: ["v2"],
      check: async (c) => {
        assertMatch(
          await c.ok("plugins", "ls"),
          /io\.containerd\.grpc\.v1 +cri +(linux\/amd64|-) +ok/,
        );
        const dump = await runOk("containerd", [
          "--config",
          `${c.folder}/containerd.toml`,
          "config",
          "dump",
        ]);
        // containerd 2 converts older configurations to version 3, which has other names and quotes.
        assertMatch(
          dump,
          /\[plugins\.["']io\.containerd\.(grpc\.v1\.cri|cri\.v1\.runtime)["']\.containerd\.runtimes\.kago\.options\]/,
        );
      },
    },
  ],
};

export const CONTAINERD_CASES = [RUN, LASTING];
