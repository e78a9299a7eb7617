/** `linux.resources.hugepageLimits` as writes. Pure. */
import type { HugepageLimit } from "../../spec/spec.ts";
import type { Row, Target } from "../resource_write.ts";

/**
 * The limit on pages in use, preceded by the limit on reserved pages: a process that may reserve more than it may use is
 * killed by SIGBUS. Linux before 5.7 has no limit on reservations.
 */
export function hugetlbRows(limits: readonly HugepageLimit[], { version }: Target): Row[] {
  const name = version === 1 ? "limit_in_bytes" : "max";
  return limits.flatMap(({ pageSize, limit }, index): Row[] => {
    const field = `hugepageLimits[${index}]`;
    return [
      [`hugetlb.${pageSize}.${name}`, `${limit}`, field],
      [`hugetlb.${pageSize}.rsvd.${name}`, `${limit}`, field, { optional: true }],
    ];
  });
}
