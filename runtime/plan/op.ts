/**
 * The operations that a plan is made of: the one source of names, fields and encodings. `helper-c/ops.gen.h` is
 * generated from this table, so the C side cannot drift. This module owns the vocabulary, not the encoding
 * (encode.ts) and not the choice of operations (the compile modules).
 *
 * Field types: `u32`, `u64`, `str` (UTF-8, no NUL), `bytes`, `strs` (a list of strings), `u32s` (a list of u32).
 */
export const FIELD_TYPES = ["u32", "u64", "str", "bytes", "strs", "u32s"] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** Opcode = position in this table, from 1; append only. */
export const OPS = {
  // Intermediate: namespaces, identities, the clone of Init.
  /** Writes `data` to an existing host file in one write(2). */
  writeFile: { path: "str", data: "str" },
} as const satisfies Record<string, Record<string, FieldType>>;

export type OpName = keyof typeof OPS;

type FieldValue = {
  u32: number;
  u64: bigint;
  str: string;
  bytes: Uint8Array;
  strs: readonly string[];
  u32s: readonly number[];
};

/** One operation of the plan. `from` names the place in config.json that it comes from. */
export type Op = {
  [N in OpName]:
    & { op: N; from?: string }
    & { [F in keyof (typeof OPS)[N]]: FieldValue[(typeof OPS)[N][F] & FieldType] };
}[OpName];
