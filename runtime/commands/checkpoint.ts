/** `kago checkpoint`: dumps a running container, and by default stops it. */
import type { Invocation } from "../cli/command_table.ts";
import { UsageError } from "../common/errors.ts";
import type { Logger } from "../log.ts";
import { checkpointContainer } from "../container/checkpoint.ts";
import { criuFlags, criuFolders } from "./criu_options.ts";
import { stateRoot } from "./state_root_option.ts";
import { given } from "../common/given.ts";

export async function run(
  { global, options, positionals }: Invocation<"checkpoint">,
  logger: Logger,
): Promise<number> {
  const { parentPath, pageServer } = options;
  await checkpointContainer({
    id: positionals[0]!,
    root: stateRoot(global),
    rootless: global.rootless,
    ...given({ criu: global.criu || undefined }),
    folders: criuFolders(options),
    flags: {
      ...criuFlags(options),
      leaveRunning: options.leaveRunning,
      preDump: options.preDump,
      linkRemap: options.linkRemap,
      tcpSkipInFlight: options.tcpSkipInFlight,
      ...given({
        parentPath: parentPath || undefined,
        pageServer: pageServer ? parsePageServer(pageServer) : undefined,
      }),
    },
    statusFd: options.statusFd ?? -1,
  }, logger.warn);
  return 0;
}

/**
 * `ADDRESS:PORT`; an IPv6 address contains colons too.
 * @throws {UsageError}
 */
export function parsePageServer(text: string): { address: string; port: number } {
  const [, address, digits] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (address !== undefined && port > 0 && port <= 65535) return { address, port };
  throw new UsageError(`--page-server ${text} is not ADDRESS:PORT`);
}
