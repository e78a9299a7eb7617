/* The guest agent's card: the text that the VMM hands over. */
#include "../check.h"

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
