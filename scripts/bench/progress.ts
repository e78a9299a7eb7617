/** The progress of a run, in words. */
import { WAYS } from "./cases.ts";

/**
 * `round 3 of 30, 1:20 so far, about 8:00 left`. A round is weighted by what is measured in it: the first ones, which
 * measure all ways, take most of the time.
 */
export function progressText(round: number, rounds: number, seconds: number): string {
  const done = weightOf(0, round);
  const left = seconds * (weightOf(round, rounds) / done);
  return `round ${round} of ${rounds}, ${clock(seconds)} so far, about ${clock(left)} left`;
}

/** The weight of the rounds from `first` up to `end`, from 0. */
function weightOf(first: number, end: number): number {
  let weight = 0;
  for (let round = first; round < end; round++) {
    for (const { copies, every } of WAYS) weight += round % every === 0 ? WEIGHTS[copies]! : 0;
  }
  return weight;
}

/** By the number of copies: measured seconds of all scenes of a way, relative to each other. */
const WEIGHTS: Readonly<Record<number, number>> = { 1: 5, 10: 25, 20: 4, 100: 20 };

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${`${whole % 60}`.padStart(2, "0")}`;
}
