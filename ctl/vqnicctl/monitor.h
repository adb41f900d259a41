/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MONITOR_H
#define MONITOR_H

#include "session.h"

/*
 * Prints events as they happen, each on a line of its own or as a JSON object of its own. Ends with a negative errno
 * only: the output was closed, or the library refused.
 */
int monitor_run(const struct session *session);

#endif
