/* SPDX-License-Identifier: Apache-2.0 */
/* Making nodes of a configuration tree; shared by the YAML reader and -o. */
#ifndef TOOLS_CONFIG_YAML_H
#define TOOLS_CONFIG_YAML_H

#include "config_tree.h"

/* NULL = no memory. */
struct config_node *config_node_new(struct arena *arena, enum config_kind kind);
int config_node_add(struct arena *arena, struct config_node *node, struct config_entry entry);

#endif /* TOOLS_CONFIG_YAML_H */
