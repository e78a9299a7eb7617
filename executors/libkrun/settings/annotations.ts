/** Reads single annotations as defined in annotation_table.ts. Pure. */
import { SpecError } from "../../../runtime/common/errors.ts";
import { quoted } from "../../../runtime/common/quoted.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";
import { type AnnotationName, type AnnotationRow, ANNOTATIONS } from "./annotation_table.ts";

type NameOf<Kind extends AnnotationRow["kind"]> = {
  [N in AnnotationName]: (typeof ANNOTATIONS)[N]["kind"] extends Kind ? N : never;
}[AnnotationName];

type ChoiceOf<N extends NameOf<"choice">> = (typeof ANNOTATIONS)[N]["choices"][number];

/** An invalid annotation; the problem continues the sentence after its value. */
export function annotationError(name: AnnotationName, problem: string): SpecError {
  return new SpecError(`annotations["${name}"]`, problem);
}

/** @throws {SpecError} with the range, for anything except a decimal number in it. */
export function integerAnnotation(spec: Spec, name: NameOf<"integer">): number | undefined {
  const text = valueOf(spec, name);
  if (text === undefined) return undefined;
  const { least, most } = ANNOTATIONS[name];
  const value = decimal(text);
  if (value >= least && value <= most) return value;
  throw refused(name, text, `an integer from ${least} to ${most}`);
}

/** @throws {SpecError} for anything except a decimal number. */
export function flagAnnotation(spec: Spec, name: NameOf<"flag">): boolean | undefined {
  const text = valueOf(spec, name);
  if (text === undefined) return undefined;
  const value = decimal(text);
  if (Number.isNaN(value)) throw refused(name, text, "0 for no, or 1 for yes");
  return value > 0;
}

/** @throws {SpecError} with the choices, for anything else. */
export function choiceAnnotation<N extends NameOf<"choice">>(
  spec: Spec,
  name: N,
): ChoiceOf<N> | undefined {
  const text = valueOf(spec, name);
  const choices: readonly string[] = ANNOTATIONS[name].choices;
  if (text === undefined || choices.includes(text)) return text as ChoiceOf<N> | undefined;
  throw refused(name, text, choices.join(" or "));
}

/** @throws {SpecError} with the form, for text that does not match it. */
export function textAnnotation(spec: Spec, name: NameOf<"text">): string | undefined {
  const text = valueOf(spec, name);
  const { pattern, form } = ANNOTATIONS[name];
  if (text === undefined || pattern.test(text)) return text;
  throw refused(name, text, form);
}

/**
 * The items of a list, separated by commas; an empty text is an empty list.
 * @throws {SpecError} with the form, for an item that does not match it.
 */
export function listAnnotation(spec: Spec, name: NameOf<"list">): readonly string[] | undefined {
  const text = valueOf(spec, name);
  if (text === undefined) return undefined;
  const items = text === "" ? [] : text.split(",");
  const { pattern, form } = ANNOTATIONS[name];
  if (items.every((item) => pattern.test(item))) return items;
  throw refused(name, text, `a list of ${form}`);
}

function valueOf(spec: Spec, name: AnnotationName): string | undefined {
  return spec.annotations?.[name];
}

/** At most 10 digits; NaN for anything else. */
function decimal(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : NaN;
}

function refused(name: AnnotationName, text: string, form: string): SpecError {
  return annotationError(name, `is ${quoted(text)}, must be ${form}`);
}
