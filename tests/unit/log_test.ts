import { assertEquals } from "@std/assert";
import {
  createLogger,
  formatJson,
  formatSentence,
  formatText,
  type LoggerOptions,
} from "../../runtime/log.ts";

const TIME = new Date("2026-01-02T03:04:05.678Z");

/** The lines that `use` makes a logger print on stderr. */
function stderrOf(options: LoggerOptions, use: (logger: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = [];
  const original = console.error;
  console.error = (line: string) => void lines.push(line);
  try {
    use(createLogger(options));
  } finally {
    console.error = original;
  }
  return lines.map((line) => line.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, "TIME"));
}

function withFolder(use: (folder: string) => void) {
  const folder = Deno.makeTempDirSync();
  try {
    use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("formatText() writes logrus' line, quoting a message only if it must", () => {
  const time = 'time="2026-01-02T03:04:05Z"';
  assertEquals(formatText("warning", "done", TIME), `${time} level=warning msg=done`);
  assertEquals(formatText("error", 'a "b"\nc', TIME), `${time} level=error msg="a \\"b\\"\\nc"`);
  assertEquals(formatText("info", "", TIME), `${time} level=info msg=""`);
});

Deno.test("formatJson() writes logrus' object", () => {
  assertEquals(
    formatJson("error", 'no "x"', TIME),
    '{"level":"error","msg":"no \\"x\\"","time":"2026-01-02T03:04:05Z"}',
  );
});

Deno.test("createLogger() without a file writes formatted entries to stderr", () => {
  for (const file of [undefined, "", "/dev/stderr"]) {
    const lines = stderrOf({ file, format: "text", level: "info" }, (logger) => {
      logger.debug("hidden");
      logger.info("shown");
      logger.error("no such container");
    });
    assertEquals(lines, [
      'time="TIME" level=info msg=shown',
      'time="TIME" level=error msg="no such container"',
    ]);
  }
});

Deno.test("createLogger() appends to its file and prints only errors, bare, on stderr", () => {
  withFolder((folder) => {
    const file = `${folder}/log.json`;
    Deno.writeTextFileSync(file, "before\n");
    const lines = stderrOf({ file, format: "json", level: "debug" }, (logger) => {
      logger.debug("a");
      logger.warn("b");
      logger.error("c d");
    });
    assertEquals(lines, ["c d"]);
    const [before, ...entries] = Deno.readTextFileSync(file).trimEnd().split("\n");
    assertEquals(before, "before");
    assertEquals(
      entries.map((entry) => JSON.parse(entry)).map(({ level, msg }) => [level, msg]),
      [["debug", "a"], ["warning", "b"], ["error", "c d"]],
    );
  });
});

Deno.test("createLogger() makes its file at the first entry only, readable by all", () => {
  withFolder((folder) => {
    const file = `${folder}/log`;
    const logger = createLogger({ file, format: "text", level: "info" });
    logger.debug("nothing to write");
    assertEquals([...Deno.readDirSync(folder)], []);
    logger.info("now");
    assertEquals(Deno.statSync(file).mode! & 0o777, 0o644 & ~Deno.umask());
  });
});

Deno.test("createLogger() keeps the folder that a relative path was given in", () => {
  const original = Deno.cwd();
  withFolder((folder) => {
    try {
      Deno.chdir(folder);
      const logger = createLogger({ file: "log", format: "text", level: "info" });
      Deno.chdir("/");
      logger.info("now");
      assertEquals(Deno.statSync(`${folder}/log`).isFile, true);
    } finally {
      Deno.chdir(original);
    }
  });
});

Deno.test("createLogger() reports an unwritable file once and goes on on stderr", () => {
  withFolder((folder) => {
    const file = `${folder}/missing/log`;
    const lines = stderrOf({ file, format: "text", level: "info" }, (logger) => {
      logger.info("a");
      logger.error("b");
    });
    assertEquals(lines, [
      `time="TIME" level=error msg="cannot write the log file ${file}: no such file or directory (ENOENT)"`,
      'time="TIME" level=info msg=a',
      'time="TIME" level=error msg=b',
    ]);
  });
});

Deno.test("createLogger() leaves out what is less than its level", () => {
  const lines = stderrOf({ format: "text", level: "error" }, (logger) => {
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    logger.error("d");
  });
  assertEquals(lines, ['time="TIME" level=error msg=d']);
});

Deno.test("createLogger() writes an error's remedy on the same line", () => {
  const lines = stderrOf({ format: "text", level: "info" }, (logger) => logger.error("a", "do b"));
  assertEquals(lines, ['time="TIME" level=error msg="a; do b"']);
});

Deno.test("createLogger() hands entries over, and goes on on stderr when nobody takes them", () => {
  const taken: string[] = [];
  const lines = stderrOf({
    level: "info",
    send: (level, message) => {
      if (message === "c") throw new Error("nobody listens");
      taken.push(`${level} ${message}`);
    },
  }, (logger) => {
    logger.info("a");
    logger.error("b");
    logger.warn("c");
    logger.warn("d");
  });
  assertEquals(taken, ["info a", "error b"]);
  assertEquals(lines, [
    "b",
    'time="TIME" level=error msg="cannot write the log: Error: nobody listens"',
    'time="TIME" level=warning msg=c',
    'time="TIME" level=warning msg=d',
  ]);
});

Deno.test("formatSentence() has what to do below, and nothing that moves the cursor", () => {
  assertEquals(formatSentence("error", "a\x1b[2J", "do b"), "kago: a\\u001b[2J\n      do b");
  assertEquals(formatSentence("warning", "a"), "kago: warning: a");
});
