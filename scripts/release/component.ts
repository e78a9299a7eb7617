/** A part of a release that comes from another project. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly licence: string;
  /** In the form of a lock file, `sha512-` and base64; undefined for a part of another component. */
  readonly integrity?: string;
  /** In the form of package-url's specification. */
  readonly purl?: string;
  /** Is it in the files, or was it only used to make or test them? */
  readonly scope: "required" | "excluded";
  /** The text of its licence; undefined if it is not in the files. */
  readonly text?: string;
}
