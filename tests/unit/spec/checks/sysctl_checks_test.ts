import { namespaces } from "../config.ts";
import { type Refusal, testPasses, testRefusals } from "./refusals.ts";

function refusal(name: string, problem: string, less = ""): Refusal {
  return {
    changes: [namespaces(less), ["linux.sysctl", { [name]: "1" }]],
    jsonPath: `linux.sysctl["${name}"]`,
    problem,
  };
}

const HOST = "belongs to the whole host: it is not part of a namespace";
const NO_NAME = "is not the name of a sysctl, such as net.ipv4.ip_forward";
const NEEDS = (type: string) => `would change the host: it needs ${type} in linux.namespaces`;

testRefusals({
  "vm.swappiness": refusal("vm.swappiness", HOST),
  "kernel.core_pattern": refusal("kernel.core_pattern", HOST),
  "kernel/core_pattern": refusal("kernel/core_pattern", HOST),
  "kernel.shmmax in the host's IPC namespace": refusal("kernel.shmmax", NEEDS("ipc"), "ipc"),
  "kernel/msgmax in the host's IPC namespace": refusal("kernel/msgmax", NEEDS("ipc"), "ipc"),
  "fs.mqueue in the host's IPC namespace": refusal("fs.mqueue.msg_max", NEEDS("ipc"), "ipc"),
  "net in the host's network namespace": refusal(
    "net.ipv4.ip_forward",
    NEEDS("network"),
    "network",
  ),
  "net with slashes in the host's network namespace": refusal(
    "net/ipv4/conf/eth0.1/forwarding",
    NEEDS("network"),
    "network",
  ),
  "user without a user namespace": refusal("user.max_net_namespaces", NEEDS("user")),
  "kernel.hostname": refusal("kernel.hostname", "is set by the field hostname: use that field"),
  "a name that leaves its folder": refusal("net/../kernel/core_pattern", NO_NAME),
  "a name that leaves its folder by dots for slashes": refusal("net.//.kernel.x", NO_NAME),
  "kernel.domainname beside domainname": {
    changes: [["domainname", "example"], ["linux.sysctl", { "kernel.domainname": "x" }]],
    jsonPath: 'linux.sysctl["kernel.domainname"]',
    problem: 'differs from the field domainname, "example": leave one of them out',
  },
  "kernel.domainname in the host's UTS namespace": {
    changes: [
      namespaces("uts"),
      ["hostname", ""],
      ["linux.sysctl", { "kernel.domainname": "x" }],
    ],
    jsonPath: 'linux.sysctl["kernel.domainname"]',
    problem: NEEDS("uts"),
  },
});

testPasses({
  "sysctls of the container's namespaces, in both spellings": [["linux.sysctl", {
    "kernel.shmmax": "1",
    "kernel/sem": "1 2 3 4",
    "fs.mqueue.msg_max": "5",
    "net.ipv4.ip_forward": "0",
    "net/ipv4/conf/eth0.1/forwarding": "0",
    "kernel.domainname": "example",
  }]],
});
