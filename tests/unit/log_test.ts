import { assertEquals } from "@std/assert";
import { createLogger, formatJson, formatText, type LoggerOptions } from "../../runtime/log.ts";

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
    const lines = stderrOf({ file, format: "text", debug: false }, (logger) => {
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
    const lines = stderrOf({ file, format: "json", debug: true }, (logger) => {
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
    const logger = createLogger({ file, format: "text", debug: false });
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
      const logger = createLogger({ file: "log", format: "text", debug: false });
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
    const lines = stderrOf({ file, format: "text", debug: false }, (logger) => {
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
