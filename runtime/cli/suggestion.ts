/** Suggests a name when the user gave an unknown one. Loaded only then. */
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import type { UnknownNameError } from "../common/errors.ts";

/** The error's message with the nearest known name, if at most about a third of the given name is wrong. */
export function withSuggestion(error: UnknownNameError): string {
  const { kind, given, known, scope, see, message } = error;
  const [nearest] = known.map((name) => ({ name, distance: levenshteinDistance(given, name) }))
    .toSorted((a, b) => a.distance - b.distance);
  if (!nearest || nearest.distance > Math.ceil(nearest.name.length / 3)) return message;
  return `unknown ${kind} ${given}${scope}, did you mean ${nearest.name}? see ${see}`;
}
