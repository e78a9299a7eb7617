/** What the user may have meant by a name that there is not. Loaded only then. */
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import type { UnknownNameError } from "../common/errors.ts";

/** The error's words, and the name that is nearest to the one given, when about a third of it is wrong at most. */
export function withSuggestion(error: UnknownNameError): string {
  const { kind, given, known, scope, see, message } = error;
  const [nearest] = known.map((name) => ({ name, distance: levenshteinDistance(given, name) }))
    .toSorted((a, b) => a.distance - b.distance);
  if (!nearest || nearest.distance > Math.ceil(nearest.name.length / 3)) return message;
  return `unknown ${kind} ${given}${scope}, did you mean ${nearest.name}? see ${see}`;
}
