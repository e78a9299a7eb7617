/**
 * kago: an OCI container runtime. This module dispatches to a command. It is the only place that turns errors into log
 * entries and exit codes.
 */
import { tidyCodeCache } from "./ffi/code_cache.ts";
import { leave } from "./ffi/leave.ts";
import { runCommand } from "./runtime/cli/dispatch.ts";
import { LOADERS } from "./runtime/commands/loaders.ts";
import { print } from "./runtime/cli/output.ts";
import { colourOf } from "./runtime/colour.ts";
import { type CommandLine, parseCommand, parseGlobalOptions } from "./runtime/cli/parse.ts";
import type { GlobalOptions } from "./runtime/cli/command_table.ts";
import {
  createLogger,
  type Destination,
  isSystemLog,
  logFile,
  type Logger,
  requireLogFile,
} from "./runtime/log.ts";
import { onPhase, phase } from "./runtime/common/phases.ts";
import { HostError, UnknownNameError } from "./runtime/common/errors.ts";
import { withoutLongWords } from "./runtime/common/quoted.ts";

/** As runc: 1 for every failure of the runtime itself, but 255 in `exec`, whose process has exit codes too. */
const FAILURE = 1;
const EXEC_FAILURE = 255;

async function main(args: readonly string[]): Promise<number> {
  let logger = createLogger({ level: "info" });
  let failure = FAILURE;
  try {
    const opening = parseGlobalOptions(args);
    logger = await openLog(opening.global);
    if (opening.rest[0] === "exec") failure = EXEC_FAILURE;
    const commandLine = parseCommand(opening);
    phase("command line read");
    const code = await carryOut(commandLine, logger);
    phase("command done");
    tidy(logger);
    return code;
  } catch (error) {
    const [message, remedy] = await wordsOf(error);
    logger.error(message, remedy);
    for (const cause of causesOf(error)) logger.debug(`caused by ${cause}`);
    return failure;
  }
}

/** The log that the global options ask for. */
async function openLog({ log, logFormat, logLevel, debug }: GlobalOptions): Promise<Logger> {
  const level = debug ? "debug" : logLevel === "warn" ? "warning" : logLevel;
  const logger = createLogger({ ...await openDestination(log), format: logFormat, level });
  if (level === "debug") onPhase(logger.debug);
  return logger;
}

async function openDestination(log: string | undefined): Promise<Destination> {
  if (!log) return {};
  if (isSystemLog(log)) {
    const { openSystemLog } = await import("./runtime/system_log.ts");
    return { send: openSystemLog(log) };
  }
  const file = logFile(log);
  requireLogFile(file);
  return { file };
}

/** A failure of the cache does not change the command's exit code. */
function tidy(logger: Logger): void {
  try {
    tidyCodeCache();
  } catch (error) {
    logger.debug(`the cache of bytecode: ${messageOf(error)}`);
  }
}

async function carryOut(commandLine: CommandLine, logger: Logger): Promise<number> {
  if (commandLine.kind === "version") {
    const { versionText } = await import("./runtime/version.ts");
    print(`${versionText()}\n`);
    return 0;
  }
  if (commandLine.kind === "help") {
    const { helpText } = await import("./runtime/cli/help.ts");
    print(`${helpText(commandLine.command, colourOf("stdout"))}\n`);
    return 0;
  }
  return await runCommand(LOADERS, commandLine.invocation, logger);
}

/** The error's message and, if it has one, the remedy. */
async function wordsOf(error: unknown): Promise<[message: string, remedy?: string]> {
  if (error instanceof UnknownNameError) {
    const { withSuggestion } = await import("./runtime/cli/suggestion.ts");
    return [withoutLongWords(withSuggestion(error))];
  }
  if (!(error instanceof HostError)) return [messageOf(error)];
  return [withoutLongWords(error.problem), withoutLongWords(error.remedy)];
}

function messageOf(error: unknown): string {
  return withoutLongWords(error instanceof Error ? error.message : String(error));
}

function* causesOf(error: unknown): Generator<string> {
  const causes = error instanceof AggregateError ? error.errors : [(error as Error)?.cause];
  for (const cause of causes) {
    if (!(cause instanceof Error)) continue;
    yield `${cause.name}: ${cause.message}`;
    yield* causesOf(cause);
  }
}

leave(await main(Deno.args));
