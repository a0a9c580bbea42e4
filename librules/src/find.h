/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding one short text in another, sixteen places at a time: two of its bytes
 * that are rare in paths and command lines are looked for together.
 */
#ifndef RULES_FIND_H
#define RULES_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How common a byte is in what rules look at; 0 = rare. */
unsigned rules_find_frequency(uint8_t byte);

/* Where a needle's two rarest bytes stand, for rules_find. */
void rules_find_prepare(const char *needle, size_t len, uint16_t ret_rare[2]);

/*
 * Whether text contains the needle. `rare` are places in it, any two (0, 0 will
 * do). With fold ASCII letters compare without case.
 */
bool rules_find(const char *text, size_t len, const char *needle, size_t n, const uint16_t rare[2],
		bool fold);

/* Whether text has one of these pairs of neighbours; len is at least RULES_FIND_PAIRS_LEN. */
#define RULES_FIND_PAIRS_LEN 17
bool rules_find_pairs(const char *text, size_t len, const uint8_t (*pairs)[2], unsigned n);

#endif /* RULES_FIND_H */
