import { assertEquals, assertThrows } from "@std/assert";
import { parseArguments, parseCommand, parseGlobalOptions } from "../../../runtime/cli/parse.ts";
import type { CommandName, Invocation } from "../../../runtime/cli/command_table.ts";
import { UsageError } from "../../../runtime/common/errors.ts";

function parse(...args: string[]) {
  return parseCommand(parseGlobalOptions(args));
}

function invoke<C extends CommandName>(command: C, ...args: string[]): Invocation<C> {
  const line = parse(command, ...args);
  if (line.kind !== "run") throw new Error(`${line.kind} instead of run`);
  assertEquals(line.invocation.command, command);
  return line.invocation as Invocation<C>;
}

function assertUsage(args: string[], message: string) {
  assertEquals(assertThrows(() => parse(...args), UsageError).message, message);
}

Deno.test("parseGlobalOptions() gives every option and stops at the command", () => {
  assertEquals(parseGlobalOptions(["--root", "/r", "--log=/l", "--debug", "state", "--debug"]), {
    global: {
      root: "/r",
      log: "/l",
      logFormat: undefined,
      logLevel: "info",
      debug: true,
      handler: undefined,
      cgroupManager: undefined,
      systemdCgroup: false,
      rootless: "auto",
      criu: undefined,
      libkrun: undefined,
      allowAnnotation: [],
      version: false,
      help: false,
    },
    rest: ["state", "--debug"],
  });
});

Deno.test("parseGlobalOptions() reads what containerd and conmon pass", () => {
  const { global, rest } = parseGlobalOptions(
    "--root /run/containerd/runc/k8s.io --log /b/log.json --log-format json --systemd-cgroup --rootless=false create"
      .split(" "),
  );
  assertEquals([global.logFormat, global.systemdCgroup, global.rootless], ["json", true, "false"]);
  assertEquals(rest, ["create"]);
});

Deno.test("parseGlobalOptions() refuses values outside an option's choices", () => {
  assertUsage(
    ["--rootless", "create", "c1"],
    'option --rootless: "create" is not one of true, false, auto',
  );
  assertUsage(["--log-format=xml"], 'option --log-format: "xml" is not one of text, json');
  assertUsage(
    ["--cgroup-manager=x"],
    'option --cgroup-manager: "x" is not one of cgroupfs, systemd, disabled',
  );
});

Deno.test("parseGlobalOptions() refuses unknown options and does not repeat their value", () => {
  assertUsage(["--foo=secret", "state"], "unknown option --foo; see kago --help");
});

Deno.test("parseCommand() reads the arguments that containerd gives to create", () => {
  const { options, positionals } = invoke(
    "create",
    ..."--bundle /b --pid-file /p --console-socket /s --pidfd-socket /f --no-new-keyring --preserve-fds 3 c1"
      .split(" "),
  );
  assertEquals(positionals, ["c1"]);
  assertEquals(options, {
    bundle: "/b",
    config: "config.json",
    consoleSocket: "/s",
    pidfdSocket: "/f",
    pidFile: "/p",
    noPivot: false,
    noNewKeyring: true,
    preserveFds: 3,
    noSubreaper: false,
  });
});

Deno.test("parseCommand() gives run the options of create and its own", () => {
  const { options } = invoke("run", "-d", "--keep", "-b", "/b", "-f", "other.json", "c1");
  assertEquals(
    [options.detach, options.keep, options.bundle, options.config],
    [true, true, "/b", "other.json"],
  );
});

Deno.test("parseCommand() takes options after positionals, as runc does", () => {
  const { options, positionals } = invoke("kill", "c1", "KILL", "--all");
  assertEquals([options.all, positionals], [true, ["c1", "KILL"]]);
});

Deno.test("parseCommand() takes an id that looks like a value or a number as it is", () => {
  assertEquals(invoke("delete", "--force", "true").positionals, ["true"]);
  assertEquals(invoke("state", "007").positionals, ["007"]);
  assertEquals(invoke("state", "--", "--debug").positionals, ["--debug"]);
});

Deno.test("parseCommand() names the missing and the superfluous positional", () => {
  assertUsage(["state"], "state needs ID; see kago state --help");
  assertUsage(["state", "a", "b"], 'state does not take "b"; see kago state --help');
  assertUsage(["features", "a"], 'features does not take "a"; see kago features --help');
  assertUsage(
    ["kill", "a", "TERM", "c"],
    'kill does not take "c"; see kago kill --help',
  );
});

Deno.test("parseCommand() refuses what no command or option is", () => {
  assertUsage(["frob"], "unknown command frob; see kago --help");
  assertUsage(["constructor"], "unknown command constructor; see kago --help");
  assertUsage(
    ["create", "--foo", "c1"],
    "unknown option --foo for create; see kago create --help",
  );
});

Deno.test("parseCommand() answers requests for help and version before it checks anything else", () => {
  assertEquals(parse("--version", "frob"), { kind: "version" });
  assertEquals(parse("-v"), { kind: "version" });
  assertEquals(parse("-h"), { kind: "help" });
  assertEquals(parse(), { kind: "help" });
  assertEquals(parse("--debug"), { kind: "help" });
  assertEquals(parse("help"), { kind: "help" });
  assertEquals(parse("help", "kill"), { kind: "help", command: "kill" });
  assertEquals(parse("create", "--help"), { kind: "help", command: "create" });
});

Deno.test("parseArguments() leaves another program's options alone when the command says so", () => {
  const command = {
    summary: "run a process in a container",
    positionals: [{ name: "ID" }, { name: "COMMAND", repeated: true }],
    options: [
      { name: "env", short: "e", kind: "list", placeholder: "NAME=VALUE", help: "set a variable" },
    ],
    stopAtPositional: true,
  } as const;
  assertEquals(
    parseArguments("exec", command, ["-e", "A=1", "--env=B=2", "c1", "ls", "-e", "--", "-x"]),
    {
      help: false,
      values: { env: ["A=1", "B=2"] },
      positionals: ["c1", "ls", "-e", "--", "-x"],
    },
  );
  assertThrows(() => parseArguments("exec", command, ["c1"]), UsageError, "exec needs COMMAND");
});
