/* The guest agent's network: the card's text that the VMM hands over, and what libkrun's guest init leaves behind. */
#include "../check.h"

#include <sched.h>

#include "../../agent/network.c"

TEST(a_card_is_read) {
  struct card card;
  CHECK(parse_card("10.88.0.5/16 10.88.0.1", &card));
  EQUAL(card.address, 0x0a580005);
  EQUAL(card.gateway, 0x0a580001);
  EQUAL(card.prefix, 16);
  CHECK(parse_card("255.255.255.255/32 0.0.0.0", &card));
  EQUAL(card.address, 0xffffffff);
}

TEST(what_is_no_card_is_refused) {
  static const char *const texts[] = {"",
                                      "10.0.0.1",
                                      "10.0.0.1/24",
                                      "10.0.0.1/33 10.0.0.2",
                                      "10.0.0.256/24 10.0.0.1",
                                      "10.0.0.1/24 10.0.0.1 x",
                                      "a.b.c.d/24 10.0.0.1",
                                      "10.0.0.1/24 999.0.0.1"};
  struct card card;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) CHECK(!parse_card(texts[i], &card));
}

/* A network namespace with an interface that has the name of libkrun's, whatever its kind, and an address. */
static void make_dummy(const char *address) {
  char command[256];
  SKIP_UNLESS(unshare(CLONE_NEWNET) == 0, "needs root for a network namespace");
  snprintf(command, sizeof command,
           "ip link add dummy0 type veth peer name other && ip link set other up && ip addr add %s dev dummy0 && "
           "ip link set dummy0 up",
           address);
  EQUAL(system(command), 0);
}

static int routes(void) { return system("ip -4 route show dev dummy0 | grep -q ."); }

TEST(the_network_that_libkrun_puts_on_a_dummy_is_taken_away) {
  make_dummy("10.0.0.1/8");
  EQUAL(routes(), 0);
  EQUAL(network_up(), 0);
  CHECK(routes() != 0);
  CHECK(system("ip -4 addr show dev dummy0 | grep -q inet") != 0);
  EQUAL(system("ip -4 addr show dev lo | grep -q 127.0.0.1"), 0);
}

TEST(another_address_on_a_dummy_stays) {
  make_dummy("10.0.0.2/8");
  EQUAL(network_up(), 0);
  EQUAL(routes(), 0);
}
