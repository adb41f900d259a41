/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that vqnicd does: what is wanted, and which pages of a guest's memory are written. They return 0, EXIT_LATER,
 * or a negative errno, of which vqnic_error() says more, or session->why.
 */
#ifndef CONFIG_COMMANDS_H
#define CONFIG_COMMANDS_H

#include "command.h"

/* Prints the wanted state as the file that was applied; with JSON, how vqnicd is. */
int config_show(const struct request *request, const struct session *session, struct show *show);

/*
 * Prints what would change if the wanted state were the one in a file (NULL: the one that it is), and has it be that:
 * without a file, the one that vqnicd has in its own configuration.
 */
int config_diff(const struct request *request, const struct session *session, struct show *show);
int config_apply(const struct request *request, const struct session *session, struct show *show);

/* Starts, reads or ends a dirty log that vqnicd holds. */
int track(const struct request *request, const struct session *session, struct show *show);

#endif
