/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOP_H
#define TOP_H

#include "command.h"

/*
 * Prints the rates of cards, devices and queues, after each interval of session->interval seconds: on a terminal in the
 * place of the last ones, with JSON as an object of its own. Returns 0 after session->count of them, or when SIGINT or
 * SIGTERM ends it; a negative errno if the output was closed or the library refused.
 */
int top_run(const struct request *request, const struct session *session);

#endif
