/** What a neighbour (neighbour.c) got of other processes, and how what it got under two runtimes is compared. */

/** A hold on a process. */
export interface Hold {
  /** Is it a process of a container runtime's that has not become a user's program? */
  readonly whose: "runtime" | "other";
  readonly pid: number;
  readonly comm: string;
  /** As the neighbour read it; empty when it could not. */
  readonly exe: string;
  readonly kind: string;
  readonly what: string;
}

const FIELDS = 6;

/** Reads whole lines; the last may be one that is still being written, and the first says that the neighbour is ready. */
export function parseHolds(text: string): Hold[] {
  return text.split("\n").slice(0, -1).filter((line) => line !== "ready").map((line) => {
    const fields = line.split("\t");
    const [whose, pid, comm, exe, kind, what] = fields;
    if (fields.length !== FIELDS || (whose !== "runtime" && whose !== "other")) {
      throw new Error(`a neighbour wrote ${JSON.stringify(line)}`);
    }
    return { whose, pid: Number(pid), comm: comm!, exe: exe!, kind: kind!, what: what! };
  });
}

/** A hold, in words that do not depend on numbers, temporary names and runtimes' names. */
function describe({ comm, exe, kind, what }: Hold): string {
  const object = what
    .replace(/ \(deleted\)$/, "")
    .replace(/:\[\d+\]$/, "")
    .replace(/^\/tmp\/bundle_.*/, "something of the bundle's")
    .replace(/^\/tmp\/watched_.*/, "something of the state root's")
    .replace(/^\/dev\/pts\/\d+$/, "/dev/pts/N")
    .replace(/_[0-9a-zA-Z]{8,}/g, "_X")
    .replace(/\d{3,}/g, "N");
  return `${exe.split("/").at(-1) || comm}: ${kind} ${object}`.trim();
}

/** What everybody has, and what programs open themselves while they begin. */
const HARMLESS = /^\/(dev\/null$|etc\/|lib|usr\/)/;

/** What was got of programs that are not a runtime's, in words that are the same for all runtimes, each once. */
export function ofPrograms(holds: readonly Hold[]): Set<string> {
  const programs = holds.filter(({ whose, what }) => whose === "other" && !HARMLESS.test(what));
  return new Set(programs.map(describe));
}

/** What was got of processes of one runtime's, in words, each once. */
export function ofRuntime(holds: readonly Hold[], name: string): string[] {
  const own = new RegExp(`^(/memfd:${name}|.*/${name}[^/]*$)`);
  const lines = holds
    .filter(({ whose, comm, exe }) =>
      whose === "runtime" && (comm.startsWith(name) || own.test(exe))
    )
    .map(({ comm, exe, kind, what }) => `${comm} (${exe || "unseen"}): ${kind} ${what}`.trim());
  return [...new Set(lines)];
}
