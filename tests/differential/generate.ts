/** Chooses the variations of each bundle from a seed. The variations are in other modules. */
import { Prng } from "./prng.ts";
import { ALONE, type Variation } from "./variation.ts";
import { CALLER_VARIATIONS } from "./variations_caller.ts";
import { CGROUP_VARIATIONS, HOOK_VARIATIONS } from "./variations_cgroup.ts";
import { LINUX_VARIATIONS, NAMESPACE_VARIATIONS } from "./variations_linux.ts";
import { MOUNT_VARIATIONS } from "./variations_mounts.ts";
import { PROCESS_VARIATIONS } from "./variations_process.ts";

const ALL: readonly Variation[] = [
  ...PROCESS_VARIATIONS,
  ...MOUNT_VARIATIONS,
  ...NAMESPACE_VARIATIONS,
  ...LINUX_VARIATIONS,
  ...CGROUP_VARIATIONS,
  ...HOOK_VARIATIONS,
  ...CALLER_VARIATIONS,
];

/** How many variations a bundle has, if enough of them can be combined. */
const PER_BUNDLE = 3;

/** One list of variations for each bundle: every variation occurs, however small `count` is. */
export function chooseVariations(seed: number, count: number): Variation[][] {
  const prng = new Prng(seed);
  const bundles: Variation[][] = [];
  let queue = prng.shuffle(ALL);
  let rounds = 1;
  while (queue.length > 0 || bundles.length < count) {
    if (queue.length === 0) {
      // A variation that must be alone in its bundle would only repeat the same bundle.
      queue = prng.shuffle(ALL.filter(({ without }) => without !== ALONE));
      rounds++;
    }
    const [taken, left] = takeCompatible(queue);
    bundles.push(taken);
    queue = left;
    if (rounds > 1 && bundles.length >= count) break;
  }
  return bundles;
}

/** The variations of the bundle, as a test's name. */
export function nameOf(chosen: readonly Variation[]): string {
  return chosen.map(({ axis, name }) => `${axis}: ${name}`).join("; ");
}

function takeCompatible(queue: readonly Variation[]): [Variation[], Variation[]] {
  const taken: Variation[] = [];
  const left: Variation[] = [];
  for (const variation of queue) {
    const fits = taken.length < PER_BUNDLE &&
      taken.every((other) => goTogether(other, variation) && goTogether(variation, other));
    (fits ? taken : left).push(variation);
  }
  return [taken, left];
}

function goTogether(one: Variation, other: Variation): boolean {
  return one.axis !== other.axis && one.without !== ALONE && !one.without?.includes(other.axis);
}
