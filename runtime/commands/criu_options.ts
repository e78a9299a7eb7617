/** The options that `checkpoint` and `restore` share. */
import type { Invocation } from "../cli/command_table.ts";
import type { CriuFlags } from "../criu/options.ts";
import type { FolderPaths } from "../criu/plan.ts";
import { absolutePath, absolutePathIf } from "./build_request.ts";
import { given } from "../common/given.ts";

type Options = Invocation<"checkpoint">["options"] | Invocation<"restore">["options"];

export function criuFlags(options: Options): CriuFlags {
  const { tcpEstablished, tcpClose, extUnixSk, shellJob, fileLocks } = options;
  const { autoDedup, lazyPages, manageCgroupsMode, emptyNs } = options;
  return {
    tcpEstablished,
    tcpClose,
    extUnixSk,
    shellJob,
    fileLocks,
    autoDedup,
    lazyPages,
    manageCgroupsMode,
    emptyNs,
  };
}

export function criuFolders({ imagePath, workPath }: Options): FolderPaths {
  return { images: absolutePath(imagePath), ...given({ work: absolutePathIf(workPath) }) };
}
