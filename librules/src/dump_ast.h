/* SPDX-License-Identifier: Apache-2.0 */
/* A tree written out as a condition that parses to the same tree again. */
#ifndef RULES_DUMP_AST_H
#define RULES_DUMP_AST_H

#include "ast.h"

/*
 * Writes the condition, fully parenthesised and with every macro in its place;
 * constants are quoted where they must be. The caller frees *ret_text. -E2BIG
 * beyond 256 MiB.
 */
int rules_dump_ast(const struct rules_node *root, char **ret_text, size_t *ret_len);
/* The same of an operand by itself. */
int rules_dump_operand(const struct rules_operand *operand, char **ret_text, size_t *ret_len);

#endif /* RULES_DUMP_AST_H */
