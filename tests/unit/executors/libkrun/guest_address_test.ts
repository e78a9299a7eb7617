import { assertEquals } from "@std/assert";
import { guestAddress } from "../../../../executors/libkrun/guest_address.ts";

const ROUTES = [
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
  "eth1\t0008090A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
  "eth0\t00000000\t0100580A\t0003\t0\t0\t0\t00000000\t0\t0\t0",
  "eth0\t0000580A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
  "",
].join("\n");

const INTERFACES = [
  { name: "lo", family: "IPv4", address: "127.0.0.1", netmask: "255.0.0.0" },
  { name: "eth1", family: "IPv4", address: "10.9.8.7", netmask: "255.255.255.0" },
  { name: "eth0", family: "IPv6", address: "fe80::1", netmask: "ffff:ffff:ffff:ffff::" },
  { name: "eth0", family: "IPv4", address: "10.88.0.5", netmask: "255.255.0.0" },
] as const;

Deno.test("guestAddress() is that of the interface with the default route", () => {
  assertEquals(guestAddress(ROUTES, [...INTERFACES]), "10.88.0.5/16 10.88.0.1");
});

Deno.test("guestAddress() is none without a default route, or without IPv4 on it", () => {
  assertEquals(
    guestAddress(ROUTES.replace("0100580A", "").replace("00000000\t\t", ""), []),
    undefined,
  );
  assertEquals(guestAddress("Iface\n", [...INTERFACES]), undefined);
  assertEquals(guestAddress(ROUTES, INTERFACES.slice(0, 3)), undefined);
});
