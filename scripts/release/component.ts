/** A part of a release that is not kago's own. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly licence: string;
  /** As in a lock file, `sha512-` and base64; undefined for what comes with another component. */
  readonly integrity?: string;
  /** As in package-url's specification. */
  readonly purl?: string;
  /** Is it in the files, or did it take part in making or testing them only? */
  readonly scope: "required" | "excluded";
  /** The text of its licence; undefined for what is not in the files. */
  readonly text?: string;
}
