/** The facts in which kago's `exec` may differ from runc's, and why. */
import { type Deviation, IGNORED_SIGNALS } from "../deviations.ts";

/** The bit ONLCR of the second field of `stty -g`. */
const ONLCR = 4;

export const EXEC_DEVIATIONS: readonly Deviation[] = [
  IGNORED_SIGNALS,
  {
    fact: /^fds [012]$/,
    allows: ({ runc, kago }) =>
      runc === "pipe:[…]" && /^(\/dev\/(null|pts\/\d+)|pipe:)/.test(kago!),
    why:
      "kago hands its own standard streams to the process, as it does in run; runc copies them through pipes",
  },
  {
    fact: /^terminal (size|modes|name)$/,
    bundle: /: no terminal, called from one$/,
    allows: ({ fact, kago }) => fact !== "terminal name" || kago === "not a tty",
    why: "the caller's own terminal, for the same reason",
  },
  {
    fact: /^(status Umask|made)$/,
    bundle: /^a user's: /,
    allows: ({ fact, runc, kago }) =>
      fact === "made"
        ? /^6(40|00) /.test(kago!) && runc === kago!.replace(/^\d+/, "644")
        : runc === "0022" && /^00(27|77)$/.test(kago!),
    why:
      "process.user.umask holds for exec too, the container's or the file's own; runc 1.1 knows it for run alone",
  },
  {
    fact: /^(status Umask|made)$/,
    bundle: /^a user's: umask$/,
    allows: ({ fact, runc, kago }) =>
      fact === "made"
        ? /^640 /.test(runc!) && /^600 /.test(kago!)
        : runc === "0027" && kago === "0077",
    why: "the file's umask has the last word; runc since 1.2 takes the container's",
  },
  {
    fact: /^(status Groups|id)$/,
    bundle: /: groups of root$/,
    allows: ({ runc, kago }) => kago === runc?.replace(/\b9([ ,])9$/, "9"),
    why: "a group that is asked for and that the user has already counts once",
  },
  {
    fact: /^environ HOME$/,
    bundle: /: no env$/,
    allows: ({ runc, kago }) => runc === undefined && kago === "/root",
    why: "a process without variables has the HOME of its user, as with runc before 1.3",
  },
  {
    fact: /^(status Umask|made)$/,
    bundle: /: another umask/,
    allows: ({ fact, kago }) => (fact === "made" ? /^644 / : /^0022$/).test(kago!),
    why: "without process.user.umask it is 022 for exec as for run, whatever the caller's is",
  },
  {
    fact: /^limits Max (open files|core file size)$/,
    bundle: /^a user.s: |: by a file$/,
    allows: ({ fact, kago }) =>
      (fact.includes("core") ? ["0 0 bytes"] : ["1024 1024 files", "200 300 files"]).includes(
        kago!,
      ),
    why:
      "the container's rlimits hold where the file has none, and a soft limit stays below its hard one",
  },
  {
    fact: /^oom$/,
    bundle: /: oomScoreAdj$/,
    allows: ({ runc, kago }) => runc === "500" && kago === "700",
    why: "the file's oomScoreAdj has the last word; runc takes the container's",
  },
  {
    fact: /^environ HOME$/,
    bundle: /: env with a name twice$/,
    allows: ({ runc, kago }) => runc === "/root" && kago === "",
    why: "an empty HOME is a value, as with crun",
  },
  {
    fact: /^terminal modes$/,
    allows: ({ runc = "", kago }) => {
      const [input, output, ...rest] = runc.split(":");
      return [input, (parseInt(output!, 16) | ONLCR).toString(16), ...rest].join(":") === kago;
    },
    why:
      "a terminal of kago's turns \\n into \\r\\n, as one of ssh does, and the caller's is raw; runc leaves it to the caller's",
  },
  {
    fact: /^terminal (size|stty:)$/,
    // busybox's stty(1) does not know the size before it is set; 10 by 20 is what process.consoleSize requests.
    allows: ({ fact, runc, kago }) =>
      fact === "terminal size"
        ? ["", "10 20"].includes(runc!) && kago === "31 97"
        : kago === undefined,
    why: "kago's terminal has the caller's size before the program runs, runc's soon after",
  },
];
