/** The samples of a run. Does not depend on the order of events. */
import type { Way } from "./cases.ts";
import type { Sample } from "./measure.ts";

/** Milliseconds per container, for each round in which the case was measured. */
export interface Row {
  readonly case: string;
  readonly way: string;
  readonly contender: string;
  readonly wall: number[];
  readonly cpu: number[];
}

/** The memory of the command's own process, at its end. */
export interface MemoryRow {
  readonly case: string;
  readonly contender: string;
  readonly privateKiB: number[];
  readonly sharedKiB: number[];
}

/** The cases without figures of a contender, and the reason. */
export interface Failure {
  readonly contender: string;
  readonly cases: readonly string[];
  readonly said: string;
}

export interface Samples {
  readonly rows: readonly Row[];
  readonly memory: readonly MemoryRow[];
  readonly failures: readonly Failure[];
}

export class Collection implements Samples {
  rows: Row[] = [];
  memory: MemoryRow[] = [];
  readonly failures: Failure[] = [];

  addTimes(name: string, { name: way, copies }: Way, contender: string, sample: Sample): void {
    let row = this.rows.find((row) =>
      row.case === name && row.way === way && row.contender === contender
    );
    if (!row) this.rows.push(row = { case: name, way, contender, wall: [], cpu: [] });
    row.wall.push(sample.wall / copies);
    row.cpu.push(sample.cpu / copies);
  }

  addMemory(name: string, contender: string, { rssKiB, privateKiB }: Sample): void {
    let row = this.memory.find((row) => row.case === name && row.contender === contender);
    if (!row) this.memory.push(row = { case: name, contender, privateKiB: [], sharedKiB: [] });
    row.privateKiB.push(privateKiB);
    row.sharedKiB.push(rssKiB - privateKiB);
  }

  /** Also removes existing samples. */
  leaveOut(failure: Failure): void {
    const stays = (row: { case: string; contender: string }) =>
      row.contender !== failure.contender || !failure.cases.includes(row.case);
    this.rows = this.rows.filter(stays);
    this.memory = this.memory.filter(stays);
    this.failures.push(failure);
  }
}
