/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEALTH_H
#define HEALTH_H

#include "command.h"

/*
 * Prints a verdict on each card, what is wrong with it and its devices, and what helps (docs/troubleshooting.md has more
 * of that); then whether vqnicd runs, and all is as it is wanted. Returns 0 whatever is found, or a negative errno if the
 * library refused.
 */
int health_show(const struct request *request, const struct session *session, struct show *show);

#endif
