/** Facts about a running container for `exec`: its Init, and the differences of Init's namespaces from the caller's. */
import { closeFd } from "../../ffi/descriptors.ts";
import { readRootFile } from "../../ffi/files.ts";
import { waitPidfd } from "../../ffi/processes.ts";
import { StateError } from "../common/errors.ts";
import { NAMESPACES } from "../spec/namespaces.ts";
import type { StoredState } from "../state/container_state.ts";
import { openInit } from "../stages/signal_init.ts";
import type { UserFiles } from "./user.ts";
import { ifThere } from "../common/files.ts";

/** passwd and group files of the largest directories have some hundred KiB. */
const MAX_USER_FILE = 4 << 20;

/** Init, held by a pidfd: /proc/PID is Init's as long as Init lives, which is checked after each read. */
export class LiveInit implements Disposable {
  private constructor(readonly pidfd: number, private readonly state: StoredState) {}

  /** @throws {StateError} when it has exited. */
  static open(state: StoredState): LiveInit {
    const pidfd = openInit(state);
    if (pidfd === undefined) throw stopped(state);
    return new LiveInit(pidfd, state);
  }

  /**
   * CLONE_NEW* of the namespaces in which Init differs from this process.
   * @throws {StateError} when it has exited.
   */
  namespaces(): number {
    const { pid } = this.state;
    return this.#checked(() =>
      Object.values(NAMESPACES)
        .filter(({ procName }) =>
          link(`/proc/${pid}/ns/${procName}`) !== link(`/proc/self/ns/${procName}`)
        )
        .reduce((flags, { flag }) => flags | flag, 0)
    );
  }

  /** Its passwd and group files. */
  userFiles(): UserFiles {
    const read = (path: string) =>
      this.#checked(() => readRootFile(`/proc/${this.state.pid}/root`, path, MAX_USER_FILE));
    return { passwd: () => read("/etc/passwd"), group: () => read("/etc/group") };
  }

  /** Detects that the pid was reused during the read. */
  #checked<T>(read: () => T): T {
    const isGone = () => waitPidfd(this.pidfd, 0);
    try {
      const value = read();
      if (!isGone()) return value;
    } catch (error) {
      if (!isGone()) throw error;
    }
    throw stopped(this.state);
  }

  [Symbol.dispose](): void {
    closeFd(this.pidfd);
  }
}

function stopped({ id }: StoredState): StateError {
  return new StateError(id, "exec in", "stopped", ["created", "running"]);
}

/** Older kernels lack time namespaces, some lack other types. */
function link(path: string): string {
  return ifThere(() => Deno.readLinkSync(path)) ?? "";
}
