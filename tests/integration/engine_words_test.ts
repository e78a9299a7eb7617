/**
 * What engines read in a runtime's errors: texts that they search for, and exit codes. A row is one match in an engine's
 * source, with a situation in which the runtime has to satisfy it. Needs root.
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";

interface Match {
  /** Who looks, and in which of its functions. */
  readonly engine: string;
  /** What it searches for. */
  readonly text: RegExp;
}

interface Situation {
  readonly bundle?: BundleOptions;
  /** Commands that lead to it; ID stands for the container's id, BUNDLE for its bundle. */
  readonly before?: readonly string[];
  readonly command: string;
  readonly code: number;
  readonly matches: readonly Match[];
}

const CREATE = "create --bundle BUNDLE ID";
const STOPPED = [CREATE, "start ID", "kill ID KILL", "until stopped"];

/** containerd-shim-runc-v2, process/utils.go, checkKillError(); it takes both for "not found", which ends a stop well. */
const SHIM_ENDED: Match = {
  engine: "containerd's shim: checkKillError",
  text: /os: process already finished|container not running|no such process/i,
};
const SHIM_GONE: Match = { engine: "containerd's shim: checkKillError", text: /does not exist/ };
const SHIM_DELETED: Match = { engine: "containerd's shim: Init.delete", text: /does not exist/ };
const CRIO_ENDED: Match = {
  engine: "CRI-O: runtimeOCI.runtimeCmd",
  text: /no such process|container not running|invalid process/,
};
const PODMAN_MISSING: Match = {
  engine: "podman: getOCIRuntimeError (exit code 127)",
  text: /executable file not found in|no such file or directory/i,
};
const PODMAN_DENIED: Match = {
  engine: "podman: getOCIRuntimeError (exit code 126)",
  text: /permission denied|operation not permitted/i,
};
const dockerMissing = (program: string): Match => ({
  engine: "docker: translateContainerdStartErr (exit code 127)",
  text: new RegExp(`${program}.*(executable file not found|no such file or directory)`, "i"),
});
const DOCKER_DENIED: Match = {
  engine: "docker: translateContainerdStartErr (exit code 126)",
  text: /permission denied/,
};
const DOCKER_NO_FOLDER: Match = {
  engine: "docker: translateContainerdStartErr, with its hint about binds",
  text: /not a directory/,
};

const bind = (source: string, destination: string) => ({
  args: ["true"],
  mounts: [{ source, destination, type: "bind", options: ["bind"] }],
});

const SITUATIONS: Readonly<Record<string, Situation>> = {
  "kill of a stopped container": {
    before: STOPPED,
    command: "kill ID TERM",
    code: 1,
    matches: [SHIM_ENDED, CRIO_ENDED],
  },
  "KILL of a stopped container": {
    before: STOPPED,
    command: "kill ID 9",
    code: 1,
    matches: [SHIM_ENDED, CRIO_ENDED],
  },
  "kill of what is not there": { command: "kill ID 9", code: 1, matches: [SHIM_GONE] },
  "delete of what is not there": { command: "delete ID", code: 1, matches: [SHIM_DELETED] },
  "forced delete of what is not there": { command: "delete --force ID", code: 0, matches: [] },
  "state of what is not there": { command: "state ID", code: 1, matches: [] },
  "update of a stopped container": {
    before: STOPPED,
    command: "update --pids-limit 9 ID",
    code: 1,
    matches: [CRIO_ENDED],
  },
  "pause of a stopped container": {
    before: STOPPED,
    command: "pause ID",
    code: 1,
    matches: [CRIO_ENDED],
  },
  "a program that is not in PATH": {
    bundle: { args: ["nothing"] },
    command: CREATE,
    code: 1,
    matches: [PODMAN_MISSING, dockerMissing("nothing")],
  },
  "a program by a path that is not there": {
    bundle: { args: ["/no/thing"] },
    command: CREATE,
    code: 1,
    matches: [PODMAN_MISSING, dockerMissing("/no/thing")],
  },
  "a program that may not be executed": {
    bundle: { args: ["/etc/passwd"] },
    command: CREATE,
    code: 1,
    matches: [PODMAN_DENIED, DOCKER_DENIED],
  },
  "a program without its interpreter": {
    bundle: { args: ["/script"] },
    before: [CREATE],
    command: "start ID",
    code: 1,
    matches: [PODMAN_MISSING, dockerMissing("/script")],
  },
  "a file bound over a folder": {
    bundle: bind("/etc/passwd", "/etc"),
    command: CREATE,
    code: 1,
    matches: [DOCKER_NO_FOLDER],
  },
  "a folder bound over a file": {
    bundle: bind("/etc", "/etc/passwd"),
    command: CREATE,
    code: 1,
    matches: [DOCKER_NO_FOLDER],
  },
  "a bind of what is not there": {
    bundle: bind("/no/source", "/to"),
    command: CREATE,
    code: 1,
    matches: [PODMAN_MISSING],
  },
  "exec of a program that is not there": {
    before: [CREATE, "start ID"],
    command: "exec ID nothing",
    code: 255,
    matches: [PODMAN_MISSING, dockerMissing("nothing")],
  },
  "exec of a program that may not be executed": {
    before: [CREATE, "start ID"],
    command: "exec ID /etc/passwd",
    code: 255,
    matches: [PODMAN_DENIED, DOCKER_DENIED],
  },
  "exec whose process ends with a code": {
    before: [CREATE, "start ID"],
    command: "exec ID false",
    code: 1,
    matches: [],
  },
};

/** go-runc and conmon read the last entry of the level error in the JSON log, and the standard error. */
function lastError(log: string): string {
  const entries = log.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return entries.findLast(({ level }) => level === "error")?.msg ?? "";
}

for (const [name, { bundle, before = [], command, code, matches }] of Object.entries(SITUATIONS)) {
  Deno.test(`${name}: engines find their words in the log and on stderr`, async () => {
    await Kago.with({ args: ["sleep", "600"], ...bundle }, async (kago) => {
      const { path, rootfs } = kago.bundle;
      await Deno.writeTextFile(`${rootfs}/etc/passwd`, "");
      await Deno.writeTextFile(`${rootfs}/script`, "#!/no/interpreter\n", { mode: 0o755 });
      const words = (line: string) =>
        line.split(" ").map((word) => ({ ID: kago.id, BUNDLE: path })[word] ?? word);
      for (const line of before) {
        if (line === "until stopped") await kago.until("stopped");
        else if (line === CREATE) assertEquals((await kago.create()).code, 0);
        else assertEquals((await kago.run(...words(line))).code, 0, line);
      }
      const log = `${path}/log.json`;
      const result = await kago.run("--log", log, "--log-format", "json", ...words(command));
      assertEquals(result.code, code, result.stderr);
      const told = await Deno.readTextFile(log);
      for (const { engine, text } of matches) {
        assertMatch(lastError(told), text, engine);
        assertMatch(result.stderr, text, engine);
      }
    });
  });
}
