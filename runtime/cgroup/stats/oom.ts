/** Detects that a cgroup runs out of memory: chooses the hierarchy, and interprets its notifications. */
import { closeFd } from "../../../ffi/descriptors.ts";
import { exists, readIfThere } from "../files.ts";
import type { CgroupDirectory, CgroupRecord } from "../path.ts";
import { type OomNews, waitForOom, watchOom } from "./oom_news.ts";
import { counts } from "./stat_text.ts";

/** Reports OOM events from its construction on. Without a memory controller there are none. */
export class OomWatch implements Disposable {
  readonly #directory: CgroupDirectory | undefined;
  readonly #watch: number;
  #kills: bigint;

  /** @throws {SyscallError} when the kernel refuses notifications. */
  constructor({ directories }: CgroupRecord) {
    const directory = directories.find((d) => d.controllers.includes("memory")) ??
      directories.find((d) => d.version === 2 && readEvents(d) !== undefined);
    this.#directory = directory;
    this.#watch = directory ? watchOom(directory.path, directory.version) : -1;
    this.#kills = this.#countKills() ?? 0n;
  }

  /**
   * Waits for a notification, or until the timeout.
   * @param pidfd of a process whose exit also ends the wait.
   */
  wait(pidfd: number, timeoutMs: number): { readonly oom: boolean; readonly ended: boolean } {
    const version = this.#directory?.version ?? 1;
    const news = waitForOom(this.#watch, version, pidfd, timeoutMs);
    return { oom: version === 1 ? this.#isOomV1(news) : this.#isOomV2(news), ended: news.ended };
  }

  /** The removal of the cgroup is signalled as well (admin-guide/cgroup-v1/cgroups.rst, "Notification API"). */
  #isOomV1({ changed }: OomNews): boolean {
    return changed && exists(`${this.#directory!.path}/memory.oom_control`);
  }

  /** v2 reports any change, and later than the death of a process that the OOM killer has killed. */
  #isOomV2({ changed, ended }: OomNews): boolean {
    if (!changed && !ended) return false;
    const kills = this.#countKills() ?? this.#kills;
    const more = kills > this.#kills;
    this.#kills = kills;
    return more;
  }

  #countKills(): bigint | undefined {
    if (this.#directory?.version !== 2) return undefined;
    return counts(readEvents(this.#directory)).oom_kill;
  }

  [Symbol.dispose](): void {
    if (this.#watch >= 0) closeFd(this.#watch);
  }
}

function readEvents({ path }: CgroupDirectory): string | undefined {
  return readIfThere(`${path}/memory.events`);
}
