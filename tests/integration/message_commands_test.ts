/** What every command says when it fails: one sentence that names the container, the file or the option. Needs root. */
import { assertEquals, assertMatch } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { messageOf, SECRET } from "./message_fixture.ts";

/** `exec` has an exit code of its own, since its program has 1. */
const EXEC_FAILURE = 255;
const MISSING = "no such file or directory (ENOENT)";
const LONG = "x".repeat(3000);

interface Case {
  readonly args: readonly string[];
  readonly says: string | RegExp;
  readonly code?: number;
}

/** What can be said of any container, of one that is not there. */
const WITHOUT_CONTAINER: readonly (readonly string[])[] = [
  ["start", "ID"],
  ["exec", "ID", "sh", SECRET],
  ["state", "ID"],
  ["kill", "ID", "KILL"],
  ["delete", "ID"],
  ["pause", "ID"],
  ["resume", "ID"],
  ["ps", "ID"],
  ["events", "--stats", "ID"],
  ["update", "--pids-limit", "5", "ID"],
  ["checkpoint", "ID"],
];

/** Of a container that runs; FOLDER is one for files. */
const OF_RUNNING: Readonly<Record<string, Case>> = {
  "start again": { args: ["start", "ID"], says: /^cannot start container ID: it is running/ },
  "create again": {
    args: ["create", "--bundle", "BUNDLE", "ID"],
    says: /^container(?: with)? .*ID .*exists|ID/,
  },
  "delete": { args: ["delete", "ID"], says: /ID.*running.*stopped|ID/ },
  "resume": { args: ["resume", "ID"], says: /^cannot resume container ID: it is running/ },
  "kill: an unknown signal": { args: ["kill", "ID", "NONSENSE"], says: /NONSENSE/ },
  "exec: a program that is missing": {
    args: ["exec", "ID", "nothing", SECRET],
    code: EXEC_FAILURE,
    says: 'process.args[0]: exec: "nothing": executable file not found in $PATH',
  },
  "exec: a program that is no program": {
    args: ["exec", "ID", "/etc/passwd", SECRET],
    code: EXEC_FAILURE,
    says: 'process.args[0]: exec: "/etc/passwd": permission denied (EACCES)',
  },
  "exec: a cwd that is missing": {
    args: ["exec", "--cwd", "/no/such", "--env", `TOKEN=${SECRET}`, "ID", "true"],
    code: EXEC_FAILURE,
    says: `process.cwd: "/no/such" does not exist, "/no" is missing: ${MISSING}`,
  },
  "exec: a user that is missing": {
    args: ["exec", "--user", "nobody-at-all", "ID", "true"],
    code: EXEC_FAILURE,
    says: /nobody-at-all/,
  },
  "exec: a process file that is missing": {
    args: ["exec", "--process", "FOLDER/none", "ID"],
    code: EXEC_FAILURE,
    says: `cannot read the process file FOLDER/none: ${MISSING}`,
  },
  "exec: a process file that is null": {
    args: ["exec", "--process", "FOLDER/null.json", "ID"],
    code: EXEC_FAILURE,
    says: "process: expected object, got null",
  },
  "exec: a console socket that is missing": {
    args: ["exec", "--tty", "--detach", "--console-socket", "FOLDER/none", "ID", "true"],
    code: EXEC_FAILURE,
    says: `--console-socket: send a descriptor to FOLDER/none: ${MISSING}`,
  },
  "exec: a pid file in a folder that is missing": {
    args: ["exec", "--detach", "--pid-file", "/no/such/pid", "ID", "true"],
    code: EXEC_FAILURE,
    says: /\/no\/such\/pid.*no such file or directory \(ENOENT\)/,
  },
  "exec: a pidfd socket that is missing": {
    args: ["exec", "--detach", "--pidfd-socket", "FOLDER/none", "ID", "true"],
    code: EXEC_FAILURE,
    says: `--pidfd-socket: send a descriptor to FOLDER/none: ${MISSING}`,
  },
  "exec: a cgroup that is missing": {
    args: ["exec", "--cgroup", "/no/such", "ID", "true"],
    code: EXEC_FAILURE,
    says: /no\/such/,
  },
  "exec: a label without SELinux": {
    args: ["exec", "--process-label", "a:b:c", "ID", "true"],
    code: EXEC_FAILURE,
    says: /^process\.selinuxLabel: /,
  },
  "exec: an AppArmor profile that is not known": {
    args: ["exec", "--apparmor", "nothing", "ID", "true"],
    code: EXEC_FAILURE,
    says: /^process\.apparmorProfile: /,
  },
  "update: a file that is missing": {
    args: ["update", "--resources", "FOLDER/none", "ID"],
    says: /FOLDER\/none.*no such file or directory \(ENOENT\)|FOLDER\/none does not exist/,
  },
  "update: a file that is no JSON": {
    args: ["update", "--resources", "FOLDER/broken.json", "ID"],
    says: /FOLDER\/broken\.json|the resources/,
  },
  "update: a value that is none": { args: ["update", "--memory", "lots", "ID"], says: /lots/ },
  "update: a value that the kernel refuses": {
    args: ["update", "--cpuset-cpus", "4000", "ID"],
    says: /cpuset/,
  },
  "ps: a format that is none": { args: ["ps", "--format", "xml", "ID"], says: /xml/ },
  "events: an interval that is none": {
    args: ["events", "--interval", "often", "ID"],
    says: /often/,
  },
  "checkpoint: a folder that is missing": {
    args: ["checkpoint", "--image-path", "/proc/no/such", "ID"],
    says: /\/proc\/no\/such|criu/,
  },
};

/** Without a container. */
const OTHERS: Readonly<Record<string, Case>> = {
  "list: a root that is a file": {
    args: ["--root", "FOLDER/null.json", "list"],
    says: /FOLDER\/null\.json/,
  },
  "spec: a folder that is missing": {
    args: ["spec", "--bundle", "FOLDER/none"],
    says: /FOLDER\/none.*no such file or directory \(ENOENT\)/,
  },
  "spec: config.json is there": { args: ["spec", "--bundle", "BUNDLE"], says: /config\.json/ },
  "plan: a bundle that is missing": {
    args: ["plan", "--bundle", "FOLDER/none"],
    says: /^FOLDER\/none\/config\.json does not exist/,
  },
  "create: a bundle that is a file": {
    args: ["create", "--bundle", "FOLDER/null.json", "NEW"],
    says: "cannot read FOLDER/null.json/config.json: not a directory (ENOTDIR)",
  },
  "run: a pid file in a folder that is missing": {
    args: ["run", "--bundle", "BUNDLE", "--pid-file", "/no/such/pid", "NEW"],
    says: /\/no\/such\/pid.*no such file or directory \(ENOENT\)/,
  },
  "run: a console socket without a terminal": {
    args: ["run", "--bundle", "BUNDLE", "--console-socket", "FOLDER/none", "NEW"],
    says: /^--console-socket/,
  },
  "run: a pidfd socket that is missing": {
    args: ["run", "--detach", "--bundle", "BUNDLE", "--pidfd-socket", "FOLDER/none", "NEW"],
    says: /FOLDER\/none.*no such file or directory \(ENOENT\)/,
  },
  "restore: images that are missing": {
    args: ["restore", "--bundle", "BUNDLE", "--image-path", "FOLDER/none", "NEW"],
    says: /FOLDER\/none|criu/,
  },
  "an id that is none": { args: ["state", `a b\u001b${LONG}`], says: /^invalid container id/ },
  "a command that is none": { args: [`nonsense\u202e${LONG}`], says: /nonsense\\u202e/ },
  "an option that is none": { args: ["run", `--nonsense=${SECRET}`, "x"], says: /--nonsense/ },
  "a log format that is none": { args: ["--log-format", "xml", "list"], says: /xml/ },
  "a log in a folder that is missing": {
    args: ["--log", "/no/such/log", "list"],
    says: /^the log file \/no\/such\/log cannot be opened: no such file or directory \(ENOENT\)/,
  },
  "a root that cannot be made": {
    args: ["--root", "/proc/no/such", "run", "--bundle", "BUNDLE", "NEW"],
    says: /\/proc\/no/,
  },
};

async function withFiles(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/null.json`, "null");
    await Deno.writeTextFile(`${folder}/broken.json`, `{"a": "${SECRET}" "${SECRET}"}`);
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function expectMessage(kago: Kago, folder: string, { args, says, code }: Case) {
  const names = { BUNDLE: kago.bundle.path, FOLDER: folder, NEW: `${kago.id}-new`, ID: kago.id };
  const filled = args.map((word) =>
    word.replaceAll(/\b(BUNDLE|FOLDER|NEW|ID)\b/g, (name) => names[name as keyof typeof names])
  );
  let message = messageOf(await kago.run(...filled), code);
  for (const [name, text] of Object.entries(names)) message = message.replaceAll(text, name);
  if (Deno.env.get("SHOW")) console.log(message);
  if (typeof says === "string") assertEquals(message, says);
  else assertMatch(message, says);
}

Deno.test("every command says in one sentence that there is no such container", async () => {
  await Kago.with({}, async (kago) => {
    kago.globals.push("--log-format", "json");
    for (const args of WITHOUT_CONTAINER) {
      const code = args[0] === "exec" ? EXEC_FAILURE : 1;
      await expectMessage(kago, "/no/folder", { args, code, says: /^container ID does not exist/ });
    }
  });
});

Deno.test("every command says in one sentence what is wrong with its options and files", async (t) => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    kago.globals.push("--log-format", "json");
    await withFiles(async (folder) => {
      for (const [name, one] of Object.entries(OTHERS)) {
        await t.step(name, () => expectMessage(kago, folder, one));
      }
      assertEquals((await kago.create()).code, 0);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      for (const [name, one] of Object.entries(OF_RUNNING)) {
        await t.step(name, () => expectMessage(kago, folder, one));
      }
    });
  });
});

Deno.test("a config.json that is no object is told with its name", async () => {
  const texts: readonly (readonly [string, RegExp])[] = [
    ["null", /^\S+\/config\.json: expected object, got null$/],
    ["[]", /^\S+\/config\.json: expected object, got array$/],
    ["7", /^\S+\/config\.json: expected object, got number$/],
    [
      "\ufeff{}",
      /^\S+\/config\.json is not JSON: .*byte order mark \(U\+FEFF\).*line 1, column 1$/,
    ],
    [`{"a": "${SECRET}" "${SECRET}"}`, /config\.json is not JSON: expected a comma or }, found/],
    [`{"ociVersion": "${LONG}\n"}`, /config\.json is not JSON: /],
    [`{"ociVersion": "${LONG}"}`, /^ociVersion: /],
  ];
  await Kago.with({}, async (kago) => {
    kago.globals.push("--log-format", "json");
    for (const [text, says] of texts) {
      await Deno.writeTextFile(`${kago.bundle.path}/config.json`, text);
      assertMatch(messageOf(await kago.foreground()), says);
      assertMatch(messageOf(await kago.run("plan", "--bundle", kago.bundle.path)), says);
    }
  });
});

Deno.test("what a command prints is written whole, or it fails", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    const full = 'exec "$@" > /dev/full';
    assertEquals((await kago.create()).code, 0);
    const globals = ["--root", kago.root, "--log-format", "json"];
    for (const args of [["list"], ["state", kago.id], ["features"], ["--help"], ["--version"]]) {
      const result = await run("sh", ["-c", full, "sh", KAGO, ...globals, ...args]);
      assertEquals(
        messageOf(result),
        "cannot write to standard output: no space left on device (ENOSPC)",
      );
    }
  });
});
