/** The messages of `criu swrk` that kago uses, with the names and numbers of criu's rpc.proto. */
import { decodeMessage, encodeMessage, type MessageOf, type Table } from "./protobuf.ts";

const PAGE_SERVER = { address: [1, "string"], port: [2, "int"] } as const satisfies Table;
const CGROUP_ROOT = { ctrl: [1, "string"], path: [2, "string"] } as const satisfies Table;
const INHERIT_FD = { key: [1, "string"], fd: [2, "int"] } as const satisfies Table;
const JOIN_NAMESPACE = { ns: [1, "string"], ns_file: [2, "string"] } as const satisfies Table;

const CRIU_OPTS = {
  images_dir_fd: [1, "int"],
  pid: [2, "int"],
  leave_running: [3, "bool"],
  ext_unix_sk: [4, "bool"],
  tcp_established: [5, "bool"],
  evasive_devices: [6, "bool"],
  shell_job: [7, "bool"],
  file_locks: [8, "bool"],
  log_level: [9, "int"],
  log_file: [10, "string"],
  ps: [11, { one: PAGE_SERVER }],
  notify_scripts: [12, "bool"],
  root: [13, "string"],
  parent_img: [14, "string"],
  track_mem: [15, "bool"],
  auto_dedup: [16, "bool"],
  work_dir_fd: [17, "int"],
  link_remap: [18, "bool"],
  manage_cgroups: [24, "bool"],
  cg_root: [25, { list: CGROUP_ROOT }],
  rst_sibling: [26, "bool"],
  inherit_fd: [27, { list: INHERIT_FD }],
  manage_cgroups_mode: [34, "int"],
  external: [37, "strings"],
  empty_ns: [38, "int"],
  join_ns: [39, { list: JOIN_NAMESPACE }],
  freeze_cgroup: [44, "string"],
  tcp_skip_in_flight: [46, "bool"],
  lazy_pages: [48, "bool"],
  orphan_pts_master: [50, "bool"],
  config_file: [51, "string"],
  tcp_close: [52, "bool"],
  lsm_profile: [53, "string"],
  lsm_mount_context: [63, "string"],
} as const satisfies Table;

export type CriuOpts = MessageOf<typeof CRIU_OPTS>;

const CRIU_REQ = {
  type: [1, "int"],
  opts: [2, { one: CRIU_OPTS }],
  notify_success: [3, "bool"],
} as const satisfies Table;

/** enum criu_req_type */
export const REQUEST_TYPES = { dump: 1, restore: 2, preDump: 4, notify: 6 } as const;

/** enum criu_cg_mode */
export const CGROUP_MODES = { ignore: 0, soft: 3, full: 4, strict: 5 } as const;

export type CgroupMode = keyof typeof CGROUP_MODES;

export interface CriuRequest {
  readonly type: "dump" | "preDump" | "restore";
  readonly opts: CriuOpts;
}

export function encodeRequest({ type, opts }: CriuRequest): Uint8Array<ArrayBuffer> {
  return encodeMessage(CRIU_REQ, { type: REQUEST_TYPES[type], opts });
}

/** The answer to a notification; after `false` criu aborts. */
export function encodeNotified(success: boolean): Uint8Array<ArrayBuffer> {
  return encodeMessage(CRIU_REQ, { type: REQUEST_TYPES.notify, notify_success: success });
}

const CRIU_RESP = {
  type: [1, "int"],
  success: [2, "bool"],
  restore: [4, { one: { pid: [1, "int"] } }],
  notify: [5, { one: { script: [1, "string"], pid: [2, "int"] } }],
  cr_errno: [7, "int"],
  cr_errmsg: [9, "string"],
} as const satisfies Table;

export type CriuResponse = MessageOf<typeof CRIU_RESP>;

/** @throws {Error} for an invalid response. */
export function decodeResponse(bytes: Uint8Array<ArrayBuffer>): CriuResponse {
  return decodeMessage(CRIU_RESP, bytes);
}
