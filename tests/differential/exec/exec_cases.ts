/** Variations of `exec`, by options and by `--process`, in containers of all kinds. */
import { cases, type ExecCase } from "./exec_case.ts";
import { CONTAINERS } from "./containers.ts";

const shell = (script: string) => ["sh", "-c", script];

/** Options that add or change one thing each. */
const BY_OPTIONS = cases("default", {
  "env": { options: ["-e", "A=1", "-e", "B=", "-e", "A=2", "-e", "HOME=/tmp"] },
  "env without a value": { options: ["-e", "ONLY_A_NAME"] },
  "env with another PATH": { options: ["-e", "PATH=/nowhere"], command: ["/bin/env"] },
  "cwd": { options: ["--cwd", "/usr"] },
  "cwd that is missing": { options: ["--cwd", "/missing"], gist: /no such file|not found/i },
  "cwd that is relative": { options: ["--cwd", "usr"], gist: /cwd/i },
  "cwd that is a file": { options: ["--cwd", "/etc/passwd"], gist: /not a directory/i },
  "uid": { options: ["-u", "7"] },
  "uid and gid": { options: ["--user", "7:8"] },
  "uid of passwd": { options: ["--user", "1000"] },
  "additional groups": { options: ["-u", "7:8", "-g", "9", "-g", "10"] },
  "groups of root": { options: ["-g", "9"] },
  "capability": { options: ["--cap", "CAP_NET_ADMIN", "--cap", "CAP_SYS_ADMIN"] },
  "capability that is there": { options: ["--cap", "CAP_KILL"] },
  "capability of a user": { options: ["--cap", "CAP_NET_ADMIN", "-u", "7"] },
  "unknown capability": { options: ["--cap", "CAP_NO_SUCH"] },
  "no new privileges": { options: ["--no-new-privs"] },
  "odd words": { command: [...shell('printf "<%s>" "$@"'), "zero", "", "a b", '"', "größe", "-x"] },
  "a terminal": { options: ["--tty"], onTerminal: true },
  "a terminal of a user": { options: ["--tty", "-u", "1000:1000"], onTerminal: true },
  "no terminal, called from one": { onTerminal: true },
  "ignored signals": { caller: "trap '' INT HUP USR1 QUIT" },
  "another umask, niceness and limits": {
    caller: "umask 077; ulimit -Sc 0; renice -n 5 $$ > /dev/null",
  },
  "another cpu affinity": { caller: "taskset -pc 0 $$ > /dev/null" },
  "another folder": { caller: "cd /usr" },
});

const PROBED = { cwd: "/", user: { uid: 0, gid: 0 }, env: ["PATH=/bin"] };

const BY_FILE = cases("a user's", {
  "the least": { process: { ...PROBED } },
  "user and groups": { process: { ...PROBED, user: { uid: 7, gid: 8, additionalGids: [9] } } },
  "umask": { process: { ...PROBED, user: { uid: 0, gid: 0, umask: 0o77 } } },
  "rlimits": {
    process: { ...PROBED, rlimits: [{ type: "RLIMIT_NOFILE", soft: 64, hard: 128 }] },
  },
  "no capabilities": {
    process: {
      ...PROBED,
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
    },
  },
  "other capabilities": {
    process: {
      ...PROBED,
      capabilities: {
        bounding: ["CAP_CHOWN", "CAP_SYS_CHROOT"],
        permitted: ["CAP_CHOWN", "CAP_SYS_CHROOT"],
        effective: ["CAP_CHOWN"],
      },
    },
  },
  "noNewPrivileges": { process: { ...PROBED, noNewPrivileges: true } },
  "oomScoreAdj": { process: { ...PROBED, oomScoreAdj: 700 } },
  "a terminal": { process: { ...PROBED, terminal: true }, onTerminal: true },
  "a terminal's size": {
    process: { ...PROBED, terminal: true, consoleSize: { height: 10, width: 20 } },
    onTerminal: true,
  },
  "cwd that is missing": { process: { ...PROBED, cwd: "/missing" }, gist: /no such file/i },
  "cwd that is relative": { process: { ...PROBED, cwd: "tmp" }, gist: /cwd/i },
  "env with a name twice": { process: { ...PROBED, env: ["PATH=/bin", "X=1", "X=2", "HOME="] } },
  "no env": { process: { cwd: "/", user: { uid: 0, gid: 0 } }, command: ["/bin/sh"] },
  "options beside it": { process: { ...PROBED }, options: ["-e", "A=ignored", "--cwd", "/usr"] },
});

/** Exit codes, and errors of an exec that does not start. */
const ENDINGS = cases("default", {
  "exit code": { command: shell("exit 7") },
  "exit code 0": { command: ["true"] },
  "killed": { command: shell("kill -9 $$") },
  "terminated": { command: shell("kill -TERM $$") },
  "program missing": { command: ["no-such-program"], gist: /no-such-program.*not found/ },
  "program missing at its path": { command: ["/no/such"], gist: /\/no\/such.*no such file/ },
  "not executable": { command: ["/etc/passwd"], gist: /permission denied/ },
  "a folder": { command: ["/etc"], gist: /permission denied|is a directory/ },
  "no command": { command: [], gist: /./ },
  "malformed --process": { options: ["--process", "/etc/passwd"], command: [], gist: /./ },
  "missing --process": { options: ["--process", "/no/such"], command: [], gist: /no such file/i },
  "console socket without a terminal": {
    options: ["--console-socket", "/tmp/none"],
    gist: /console.?socket/i,
  },
  "detached with a terminal": { options: ["-d", "-t"], gist: /console|terminal|tty/i },
});

const DESCRIPTORS = cases("default", {
  "passed on": { options: ["--preserve-fds", "2"], caller: "exec 3< /etc/hostname 4> /dev/null" },
  "not passed on": { caller: "exec 3< /etc/hostname 4> /dev/null" },
  "fewer than there are": {
    options: ["--preserve-fds", "1"],
    caller: "exec 3< /etc/hostname 4> /dev/null",
  },
  "LISTEN_FDS": {
    caller: "exec 3< /etc/hostname; export LISTEN_FDS=1 LISTEN_PID=$$",
  },
  "LISTEN_FDS of somebody else": {
    caller: "exec 3< /etc/hostname; export LISTEN_FDS=1 LISTEN_PID=1",
  },
  // Above the descriptors that runc itself has opened before it checks.
  "not open": {
    options: ["--preserve-fds", "60"],
    caller: 'for n in 3 4 5 6 7 8 9; do eval "exec $n< /dev/null"; done',
    gist: /preserve.*fd/i,
  },
  "LISTEN_FDS and one more": {
    options: ["--preserve-fds", "1"],
    caller: "exec 3< /etc/hostname 4< /etc/passwd; export LISTEN_FDS=1 LISTEN_PID=$$",
  },
});

const EVERYWHERE = Object.keys(CONTAINERS).flatMap((container) =>
  cases(container, {
    "nothing asked for": {},
    "a user and a capability": { options: ["-u", "7:8", "--cap", "CAP_NET_ADMIN"] },
    "by a file": { process: { ...PROBED } },
    "on a terminal": { options: ["-t"], onTerminal: true },
  })
);

export const EXEC_CASES: readonly ExecCase[] = [
  ...EVERYWHERE,
  ...BY_OPTIONS,
  ...BY_FILE,
  ...ENDINGS,
  ...DESCRIPTORS,
];
